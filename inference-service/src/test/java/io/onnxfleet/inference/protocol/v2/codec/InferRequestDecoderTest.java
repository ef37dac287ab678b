package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.inference.protocol.http.BodyInput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InferRequestDecoderTest {
  private static final long NOW = 1_000_000_000L;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final InferRequestDecoder decoder = new InferRequestDecoder(pool);

  @AfterEach
  void everyBufferIsReturned() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void decode_readsFlatData_inTheClientsKeyOrder() {
    try (InferenceRequest request =
        decode(
                """
                {"id":"7","inputs":[
                  {"name":"x","shape":[2,2],"datatype":"FP32","data":[1, 2.5, -3e2, 0.1]}],
                 "outputs":[{"name":"y"}]}
                """)
            .request()) {
      assertThat(request.id()).isEqualTo("7");
      assertThat(request.modelName()).isEqualTo("m");
      assertThat(request.requestedOutputs()).containsExactly("y");
      assertThat(floats(request)).containsExactly(1f, 2.5f, -300f, 0.1f);
      assertThat(request.inputs().getFirst().tensor().shape()).isEqualTo(Shape.of(2, 2));
    }
  }

  @Test
  void decode_readsData_whenItComesBeforeShapeAndDatatype() {
    try (InferenceRequest request =
        decode(
                """
                {"inputs":[{"data":[[9007199254740993,-9223372036854775808],[9223372036854775807,0]],
                  "datatype":"INT64","name":"x","parameters":{},"shape":[2,2]}]}
                """)
            .request()) {
      assertThat(longs(request))
          .containsExactly(9007199254740993L, Long.MIN_VALUE, Long.MAX_VALUE, 0L);
    }
  }

  @Test
  void decode_readsAMillionFloats_whenTheyComeBeforeTheirShape() {
    int count = 1 << 20;
    String data = "\"data\":[" + "0.5, ".repeat(count - 1) + "-1e-40]";
    String members = data + ",\"datatype\":\"FP32\",\"shape\":[" + count + "]";
    try (InferenceRequest request = decode(input(members)).request()) {
      float[] values = floats(request);
      assertThat(values).hasSize(count);
      assertThat(values[0]).isEqualTo(0.5f);
      assertThat(values[count - 1]).isEqualTo(-1e-40f);
    }
  }

  @Test
  void decode_saysWhere_whenJsonIsMalformed() {
    assertRefused(
            "{\"inputs\":[\n  {\"name\":\"x\",\"shape\":[1],\"datatype\":\"FP32\",\n\"data\":[1,02]}]}")
        .hasMessage("input 'x': JSON, line 3, column 11: a number with a leading zero");
  }

  @Test
  void decode_keepsEveryCharacter_whenStringsComeBeforeTheDatatype() {
    String json =
        "{\"inputs\":[{\"data\":[\"a\\u0000b\",\"\\ud83d\\ude00 \\u00e4\\\"\",\"\"],"
            + "\"datatype\":\"BYTES\",\"name\":\"x\",\"shape\":[3]}]}";
    try (InferenceRequest request = decode(json).request()) {
      assertThat(BytesElements.readStrings(request.inputs().getFirst().tensor()))
          .containsExactly("a\0b", "\ud83d\ude00 ä\"", "");
    }
  }

  @Test
  void decode_acceptsNestingThatIsNotTheShape_whenTheCountFits() {
    try (InferenceRequest request =
        decode(input("\"shape\":[4],\"datatype\":\"INT32\",\"data\":[[1,2],[3,4]]")).request()) {
      assertThat(request.inputs().getFirst().tensor().shape()).isEqualTo(Shape.of(4));
    }
  }

  @Test
  void decode_acceptsABareValue_forAScalar() {
    try (InferenceRequest request =
        decode(input("\"shape\":[],\"datatype\":\"FP32\",\"data\":4.5")).request()) {
      assertThat(floats(request)).containsExactly(4.5f);
    }
  }

  @Test
  void decode_acceptsAnEmptyTensor_whenADimensionIsZero() {
    String zero = "\"shape\":[3,0,9223372036854775807],\"datatype\":\"FP32\",";
    try (InferenceRequest request = decode(input(zero + "\"data\":[]")).request()) {
      assertThat(request.inputs().getFirst().tensor().byteSize()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, -128, 127",
    "INT16, -32768, 32767",
    "INT32, -2147483648, 2147483647",
    "INT64, -9223372036854775808, 9223372036854775807",
    "UINT8, 0, 255",
    "UINT16, 0, 65535",
    "UINT32, 0, 4294967295",
    "UINT64, 0, 18446744073709551615"
  })
  void decode_keepsEveryBit_atTheEndsOfAnIntegersRange(
      DataType type, String smallest, String largest) {
    String data =
        "\"shape\":[2],\"datatype\":\"%s\",\"data\":[%s,%s]".formatted(type, smallest, largest);
    try (InferenceRequest request = decode(input(data)).request()) {
      ByteBuffer elements = request.inputs().getFirst().tensor().data();
      boolean unsigned = type.name().startsWith("U");
      byte[] expected = new byte[2 * type.byteSize()];
      Arrays.fill(expected, 0, type.byteSize(), (byte) 0);
      Arrays.fill(expected, type.byteSize(), expected.length, (byte) -1);
      if (!unsigned) {
        expected[type.byteSize() - 1] = (byte) 0x80;
        expected[expected.length - 1] = (byte) 0x7F;
      }
      byte[] actual = new byte[expected.length];
      elements.get(actual);
      assertThat(actual).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, -129",
    "INT8, 128",
    "INT16, 32768",
    "INT32, 2147483648",
    "INT64, 9223372036854775808",
    "UINT8, -1",
    "UINT8, 256",
    "UINT16, 65536",
    "UINT32, 4294967296",
    "UINT64, 18446744073709551616",
    "UINT64, -1",
    "INT32, 1.0",
    "INT32, 1e2",
    "INT32, true",
    "BOOL, 1",
    "BOOL, null",
    "FP32, 1e39",
    "FP32, -3.5e38",
    "FP64, 1e309",
    "FP32, true",
    "FP32, null",
    "BYTES, 1",
    "BYTES, null",
    "INT64, {}",
    "FP32, {}",
    "BYTES, {}"
  })
  void decode_refusesAnElement_thatIsNotOfTheDatatype(DataType type, String value) {
    String data = "\"shape\":[1],\"datatype\":\"%s\",\"data\":[%s]".formatted(type, value);
    assertRefused(input(data)).hasMessageStartingWith("input 'x': element 0 is ");
    String late = "\"data\":[%s],\"shape\":[1],\"datatype\":\"%s\"".formatted(value, type);
    assertRefused(input(late));
  }

  @ParameterizedTest
  @ValueSource(strings = {"FP16", "BF16"})
  void decode_namesTheBinaryForm_whenHalfPrecisionComesInJson(String type) {
    assertRefused(input("\"shape\":[1],\"datatype\":\"%s\",\"data\":[1]".formatted(type)))
        .hasMessageContaining("binary");
  }

  @Test
  void decode_readsBooleans() {
    try (InferenceRequest request =
        decode(input("\"shape\":[2],\"datatype\":\"BOOL\",\"data\":[true,false]")).request()) {
      ByteBuffer data = request.inputs().getFirst().tensor().data();
      assertThat(new byte[] {data.get(), data.get()}).containsExactly(1, 0);
    }
  }

  static Stream<String> malformed() {
    return Stream.of(
        "",
        "[]",
        "null",
        "{",
        "{}",
        "{\"inputs\":{}}",
        "{\"inputs\":[]} x",
        "{\"inputs\":[]}{}",
        "{\"inputs\":[],\"inputs\":[]}",
        "{\"inputs\":[],\"id\":7}",
        "{\"inputs\":[1]}",
        "{\"inputs\":[],\"outputs\":[{}]}",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"y\"},{\"name\":\"y\"}]}",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":1}}]}",
        "{\"inputs\":[],\"parameters\":{\"triton_x\":1}}",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"classification\":-1}}]}",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"classification\":\"2\"}}]}",
        "{\"inputs\":[],\"unknown\":[1}",
        "{\"inputs\":[],\"unknown\":\"\\x\"}",
        "{\"inputs\":[],\"parameters\":{\"timeout\":-1}}",
        "{\"inputs\":[],\"parameters\":{\"timeout\":1,\"timeout\":1}}",
        "{\"inputs\":[],\"parameters\":{\"timeout\":\"soon\"}}",
        "{\"inputs\":[],\"parameters\":{\"priority\":99999999999}}",
        "{\"inputs\":[],\"parameters\":{\"sequence_id\":4}}",
        "{\"inputs\":[],\"parameters\":{\"sequence_start\":true}}",
        "{\"inputs\":[],\"parameters\":7}",
        input("\"shape\":[1],\"datatype\":\"FP32\""),
        input("\"shape\":[1],\"data\":[1]"),
        input("\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[1],\"datatype\":\"FLOAT\",\"data\":[1]"),
        input("\"shape\":[1],\"datatype\":\"fp32\",\"data\":[1]"),
        input("\"shape\":[-1],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[1.0],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":1,\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[[1]],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[99999999999999999999],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[4294967296,4294967296],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[2147483648,2147483648],\"datatype\":\"FP64\",\"data\":[1]"),
        input("\"shape\":[2147483647],\"datatype\":\"FP64\",\"data\":[1]"),
        input("\"shape\":[9223372036854775807],\"datatype\":\"BYTES\",\"data\":[\"a\"]"),
        input("\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1]"),
        input("\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,2,3]"),
        input("\"shape\":[2],\"datatype\":\"BYTES\",\"data\":[\"1\",\"2\",\"3\"]"),
        input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":[NaN]"),
        input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":[Infinity]"),
        input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1],\"shape\":[1]"),
        input("\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"\\ud800\"]"),
        input("\"data\":[\"\\ud800\"],\"shape\":[1],\"datatype\":\"BYTES\""),
        input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":" + "[".repeat(120) + "1"),
        input("\"data\":" + "[".repeat(120) + "1" + "]".repeat(120)),
        input("\"shape\":[1],\"datatype\":\"INT32\",\"data\":[" + "1".repeat(2000) + "]"),
        input(
            "\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1],"
                + "\"parameters\":{\"binary_data_size\":4}"),
        input("\"shape\":[1],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":4}"),
        input(
            "\"shape\":[1],\"datatype\":\"FP32\","
                + "\"parameters\":{\"shared_memory_region\":\"r\"}"),
        "{\"inputs\":["
            + "{\"name\":\"x\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]},"
            + "{\"name\":\"x\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}");
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void decode_refuses_whatIsMalformed(String json) {
    assertRefused(json);
  }

  /** KServe's client sends a model's name, MLServer's content types, others what they like. */
  @Test
  void decode_passesOver_whatIsNotInTheContract() {
    InferenceCall call =
        decode(
            """
            {"model_name":"m","model_version":null,"x":{"inputs":[{}],"y":["a\\n",{"z":[[1]]}]},"x":1,
             "parameters":{"content_type":"np","headers":{"a":["b"]},"binary_data_output":true},
             "inputs":[{"tags":{"a":1},"name":"x","shape":[1],"datatype":"FP32","data":[1],"extra":"e",
               "parameters":{"content_type":"np","more":{}}}],
             "outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"more":[],"binary_data":false}}]}
            """);
    try (InferenceRequest request = call.request()) {
      assertThat(floats(request)).containsExactly(1f);
      assertThat(request.requestedOutputs()).containsExactly("y");
      assertThat(call.forms().isBinary("y")).isFalse();
      assertThat(call.forms().isBinary("z")).isTrue();
    }
  }

  /** A name is bounded before it is there; what nobody wants is not held, however long it is. */
  @ParameterizedTest
  @ValueSource(strings = {"id", "name", "key", "datatype", "output", "parameter", "value"})
  void decode_refusesALongName_beforeItIsRead(String place) {
    long length = 40L << 20;
    String json =
        switch (place) {
          case "id" -> "{\"inputs\":[],\"id\":\"";
          case "name" -> "{\"inputs\":[{\"name\":\"";
          case "key" -> "{\"inputs\":[],\"";
          case "datatype" -> "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"";
          case "output" -> "{\"inputs\":[],\"outputs\":[{\"name\":\"";
          case "parameter" -> "{\"inputs\":[],\"parameters\":{\"";
          default -> "{\"inputs\":[],\"parameters\":{\"timeout\":\"";
        };
    EndlessBody body = new EndlessBody(bytes(json), length);
    assertThatThrownBy(() -> decoder.decode(target(null), body, List::of))
        .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers)
        .hasMessageContaining("a string of more than 16384 bytes");
    assertThat(body.given()).isLessThan(64 << 10);
  }

  /**
   * The string goes away piece by piece through a small buffer: had the buffer grown with the
   * string, each further piece would have it looked through from its start, which takes time in n².
   */
  @Test
  void decode_readsALongString_throughASmallBuffer() throws IOException {
    String text = "a".repeat(32 << 20);
    String inOrder = "\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"" + text + "\"]";
    String dataFirst = "\"data\":[\"" + text + "\"],\"shape\":[1],\"datatype\":\"BYTES\"";
    for (String input : List.of(inOrder, dataFirst)) {
      ArrayBody body = new ArrayBody(bytes(input(input)), 8 << 10);
      try (InferenceRequest request = decoder.decode(target(null), body, List::of).request()) {
        assertThat(request.inputs().getFirst().tensor().byteSize())
            .isEqualTo(Integer.BYTES + text.length());
      }
      assertThat(body.mostAsked()).isLessThanOrEqualTo(64 << 10);
    }
  }

  @Test
  void decode_readsStrings_whereverTheirPartsEnd() {
    String[] texts = {"", "plain", "\u00e4\u20ac\ud83d\ude00", "\"\\/\b\f\n\r\t", "\u0001"};
    String data =
        "[\"\",\"plain\",\"\u00e4\u20ac\\ud83d\\ude00\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0001\"]";
    for (String json :
        List.of(
            input("\"shape\":[5],\"datatype\":\"BYTES\",\"data\":" + data),
            input("\"data\":" + data + ",\"shape\":[5],\"datatype\":\"BYTES\""))) {
      for (int pieceSize : new int[] {1, 2, 3, 5, 7, 1 << 10}) {
        try (InferenceRequest request =
            decoder
                .decode(target(null), new ArrayBody(bytes(json), pieceSize), List::of)
                .request()) {
          assertThat(BytesElements.readStrings(request.inputs().getFirst().tensor()))
              .containsExactly(texts);
        } catch (IOException impossible) {
          throw new AssertionError(impossible);
        }
      }
    }
  }

  @Test
  void decode_refusesAnElement_thatIsNotUtf8() {
    byte[] json = bytes(input("\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"ab~\"]"));
    json[new String(json, StandardCharsets.ISO_8859_1).indexOf('~')] = (byte) 0xC3;
    assertThatThrownBy(() -> decode(decoder, json, null))
        .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers)
        .hasMessageContaining("not UTF-8");
  }

  @Test
  void decode_keepsTheClassesThatAreWanted() {
    InferenceCall call =
        decode(
            "{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"classification\":3}},"
                + "{\"name\":\"z\",\"parameters\":{\"classification\":0}}]}");
    assertThat(call.forms().classesByName()).containsExactly(Map.entry("y", 3));
  }

  /** What Python and JavaScript write where a number is missing or infinite. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "-inf",
        "-nan",
        "null",
        "\"NaN\"",
        "1e999"
      })
  void decode_namesTheBinaryForm_whenAnElementIsNoFiniteNumber(String element) {
    for (String type : List.of("FP32", "FP64")) {
      for (String data : List.of("[%s]", "[[1.5],[%s,2]]", "[1,2,%s]", "[1,\n %s ]")) {
        String value = data.formatted(element);
        assertRefused(input("\"shape\":[3],\"datatype\":\"%s\",\"data\":%s".formatted(type, value)))
            .hasMessageStartingWith("input 'x': ")
            .hasMessageContaining("travel as binary data: the input's parameter binary_data_size");
        assertRefused(input("\"data\":%s,\"shape\":[3],\"datatype\":\"%s\"".formatted(value, type)))
            .hasMessageContaining("binary_data_size");
      }
    }
  }

  @Test
  void decode_saysWhatItRead_whenAnElementIsNoFiniteNumber() {
    assertRefused(input("\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,NaN]"))
        .hasMessageMatching(
            "input 'x': JSON, line 1, column \\d+: NaN \\(expected a value; NaN and infinite values"
                + " travel as binary data: the input's parameter binary_data_size\\)");
    assertRefused(input("\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,null]"))
        .hasMessage(
            "input 'x': element 1 is null (expected a finite number in the range of FP32; NaN and"
                + " infinite values travel as binary data: the input's parameter"
                + " binary_data_size)");
  }

  /** Binary data would not help there. */
  @Test
  void decode_namesNoBinaryForm_whenIntegersOrTextsAreMissing() {
    for (String type : List.of("INT64", "UINT8", "BOOL", "BYTES")) {
      assertRefused(input("\"shape\":[1],\"datatype\":\"%s\",\"data\":[null]".formatted(type)))
          .hasMessageContaining("element 0 is null")
          .hasMessageNotContaining("binary");
    }
    assertRefused(input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":[Nano]"))
        .hasMessageContaining("'N' (expected a value)");
    assertRefused(input("\"shape\":[1],\"datatype\":\"FP32\",\"data\":[-x]"))
        .hasMessageContaining("'x' (expected a digit)");
  }

  @Test
  void decode_saysValueAndExpectation_whenTheCountIsWrong() {
    assertRefused(input("\"shape\":[2,2],\"datatype\":\"FP32\",\"data\":[1,2,3]"))
        .hasMessage("input 'x': 3 elements for shape [2,2] (expected 4)");
  }

  @Test
  void decode_takesNoMemory_forAShapeThatTheBodyCannotHold() {
    BufferPool tiny = new BufferPool(0, 4096);
    InferRequestDecoder bounded = new InferRequestDecoder(tiny);
    String json = input("\"shape\":[100000000],\"datatype\":\"FP64\",\"data\":[1]");
    assertThatThrownBy(() -> decode(bounded, bytes(json), null))
        .hasMessageContaining("what the rest of the body can hold");
  }

  @Test
  void decode_readsMixedForms_inTheOrderOfTheInputs() throws IOException {
    String json =
        """
        {"inputs":[
          {"name":"a","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},
          {"name":"b","shape":[1],"datatype":"INT32","data":[5]},
          {"name":"c","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}],
         "parameters":{"binary_data_output":true},
         "outputs":[{"name":"y","parameters":{"binary_data":false}},{"name":"z"}]}\
        """;
    ByteBuffer binary = ByteBuffer.allocate(19).order(ByteOrder.LITTLE_ENDIAN);
    binary.putFloat(Float.NaN).putFloat(2f);
    binary.putInt(3).put(bytes("abc")).putInt(0);
    byte[] body = join(bytes(json), binary.array());
    for (int pieceSize : new int[] {1, 7, 1 << 20}) {
      InferenceCall call =
          decoder.decode(
              target((long) bytes(json).length), new ArrayBody(body, pieceSize), List::of);
      try (InferenceRequest request = call.request()) {
        assertThat(request.inputs().get(0).tensor().data().getFloat(4)).isEqualTo(2f);
        assertThat(request.inputs().get(1).tensor().data().getInt(0)).isEqualTo(5);
        assertThat(BytesElements.readStrings(request.inputs().get(2).tensor()))
            .containsExactly("abc", "");
        assertThat(call.forms().isBinary("y")).isFalse();
        assertThat(call.forms().isBinary("z")).isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FP32, '[2]', 8, 7", "FP32, '[2]', 8, 9", "FP32, '[2]', 4, 4", "FP32, '[2]', 12, 12",
    "BYTES, '[1]', 4, 4", "BYTES, '[2]', 8, 8", "BYTES, '[1]', 3, 3", "BOOL, '[2]', 2, 2"
  })
  void decode_refusesBinaryData_whenLengthsDisagree(
      String type, String shape, int announced, int sent) {
    String json =
        input(
            "\"shape\":%s,\"datatype\":\"%s\",\"parameters\":{\"binary_data_size\":%d}"
                .formatted(shape, type, announced));
    byte[] binary = new byte[sent];
    binary[0] = 2; // a length that is too long for BYTES, and no boolean
    byte[] body = join(bytes(json), binary);
    assertThatThrownBy(() -> decode(decoder, body, (long) bytes(json).length))
        .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 13, 1000, Long.MAX_VALUE})
  void decode_refusesAHeaderLength_beyondTheBody(long length) {
    assertThatThrownBy(() -> decode(decoder, bytes("{\"inputs\":[]}"), length == 13 ? 12 : length))
        .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers);
  }

  @Test
  void decode_takesTheEarlierDeadline() {
    String json = "{\"inputs\":[],\"parameters\":{\"timeout\":1500,\"priority\":2}}";
    InferenceRequest request = decode(json).request();
    assertThat(request.deadline()).isEqualTo(new Deadline(true, NOW + 1_500_000));
    assertThat(request.priority()).isEqualTo(2);
  }

  @Test
  void decode_shapesARawBody_byTheOnlyInput() throws IOException {
    ByteBuffer floats = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    floats.asFloatBuffer().put(new float[] {1, 2, 3, 4, 5, 6});
    TensorSpec input = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1, 2));
    InferenceCall call =
        decoder.decode(target(0L), ArrayBody.of(floats.array()), () -> List.of(input));
    try (InferenceRequest request = call.request()) {
      assertThat(request.inputs().getFirst().tensor().shape()).isEqualTo(Shape.of(1, 3, 2));
      assertThat(floats(request)).containsExactly(1f, 2f, 3f, 4f, 5f, 6f);
    }
  }

  @Test
  void decode_makesOneElement_ofARawBodyForBytes() throws IOException {
    TensorSpec input = new TensorSpec("x", DataType.BYTES, Shape.of(-1, 1));
    InferenceCall call = decoder.decode(target(0L), ArrayBody.of("text ä"), () -> List.of(input));
    try (InferenceRequest request = call.request()) {
      Tensor tensor = request.inputs().getFirst().tensor();
      assertThat(tensor.shape()).isEqualTo(Shape.of(1, 1));
      assertThat(BytesElements.readStrings(tensor)).containsExactly("text ä");
    }
  }

  @Test
  void decode_refusesARawBody_thatDoesNotFit() {
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, 4));
    TensorSpec twoOpen = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1, -1));
    TensorSpec texts = new TensorSpec("x", DataType.BYTES, Shape.of(-1, -1));
    for (List<TensorSpec> inputs :
        List.of(
            List.of(x), List.of(x, x), List.<TensorSpec>of(), List.of(twoOpen), List.of(texts))) {
      assertThatThrownBy(() -> decoder.decode(target(0L), ArrayBody.of("12345"), () -> inputs))
          .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers);
    }
  }

  @Test
  void decode_returnsMemory_whenTheConnectionBreaks() {
    byte[] json =
        bytes(input("\"shape\":[2],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":8}"));
    BodyInput broken =
        new BodyInput() {
          private final ArrayBody start = ArrayBody.of(json);

          @Override
          public long remainingAtMost() {
            return 1000;
          }

          @Override
          public int read() throws IOException {
            throw new IOException("reset");
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            int count = start.read(target, offset, length);
            if (count < 0) {
              throw new IOException("reset");
            }
            return count;
          }
        };
    assertThatThrownBy(() -> decoder.decode(target((long) json.length), broken, List::of))
        .isInstanceOf(IOException.class)
        .hasMessage("reset");
  }

  private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(String json) {
    return assertThatThrownBy(() -> decode(decoder, bytes(json), null))
        .isInstanceOfSatisfying(InferenceException.class, InferRequestDecoderTest::isTheCallers);
  }

  private static void isTheCallers(InferenceException failure) {
    assertThat(failure.code().category()).isEqualTo(ErrorCategory.INVALID_REQUEST);
  }

  private InferenceCall decode(String json) {
    try {
      return decode(decoder, bytes(json), null);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static InferenceCall decode(
      InferRequestDecoder decoder, byte[] body, @Nullable Long headerLength) throws IOException {
    return decoder.decode(target(headerLength), ArrayBody.of(body), List::of);
  }

  /** A start, and then letters, which nobody should want. */
  private static final class EndlessBody extends BodyInput {
    private final byte[] start;
    private final long length;
    private long given;

    EndlessBody(byte[] start, long length) {
      this.start = start;
      this.length = length;
    }

    long given() {
      return given;
    }

    @Override
    public long remainingAtMost() {
      return length - given;
    }

    @Override
    public int read() {
      return given == length ? -1 : given < start.length ? start[(int) given++] : next();
    }

    private int next() {
      given++;
      return 'a';
    }

    @Override
    public int read(byte[] target, int offset, int count) {
      int done = 0;
      for (int next = 0; done < count && (next = read()) >= 0; done++) {
        target[offset + done] = (byte) next;
      }
      return done == 0 ? -1 : done;
    }
  }

  private static InferenceTarget target(@Nullable Long headerLength) {
    return new InferenceTarget("m", null, headerLength, NOW, Deadline.NONE);
  }

  private static String input(String members) {
    return "{\"inputs\":[{\"name\":\"x\"," + members + "}]}";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] join(byte[] first, byte[] second) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    joined.writeBytes(first);
    joined.writeBytes(second);
    return joined.toByteArray();
  }

  private static float[] floats(InferenceRequest request) {
    ByteBuffer data = request.inputs().getFirst().tensor().data();
    float[] values = new float[data.remaining() / Float.BYTES];
    data.asFloatBuffer().get(values);
    return values;
  }

  private static long[] longs(InferenceRequest request) {
    ByteBuffer data = request.inputs().getFirst().tensor().data();
    long[] values = new long[data.remaining() / Long.BYTES];
    data.asLongBuffer().get(values);
    return values;
  }
}
