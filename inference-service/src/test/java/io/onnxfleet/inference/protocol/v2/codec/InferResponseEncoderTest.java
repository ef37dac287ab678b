package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InferResponseEncoderTest {
  private final BufferPool pool = BufferPool.ofDefaults();
  private final Captured captured = new Captured();

  @AfterEach
  void everyBufferIsReturned() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void encode_writesFlatShortestNumbers_andOnlyTheProtocolsKeys() throws IOException {
    try (InferenceResponse response =
        response("7", output("y", Tensor.ofFloats(pool, Shape.of(2, 2), 0.1f, 1f, -0f, 3.4e38f)))) {
      InferResponseEncoder.encode(response, OutputForms.JSON, captured);
    }
    assertThat(captured.text())
        .isEqualTo(
            "{\"model_name\":\"m\",\"model_version\":\"3\",\"id\":\"7\",\"outputs\":["
                + "{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[2,2],"
                + "\"data\":[0.1,1.0,-0.0,3.4E38]}]}");
    assertThat(captured.headerLength).isNull();
  }

  @Test
  void encode_namesTheVariant_whenTheFleetChoseIt() throws IOException {
    try (InferenceResponse response =
        response(null, output("y", Tensor.ofFloats(pool, Shape.of(1), 1f)))) {
      InferResponseEncoder.encode(response, OutputForms.JSON, "small \"one\"", captured);
    }
    assertThat(captured.text())
        .startsWith(
            "{\"model_name\":\"m\",\"model_version\":\"3\","
                + "\"parameters\":{\"variant\":\"small \\\"one\\\"\"},\"outputs\":[");
  }

  @Test
  void encode_keepsEveryBit_ofUnsignedAndLongIntegers() throws IOException {
    Tensor unsigned = Tensor.allocate(pool, DataType.UINT64, Shape.of(2));
    unsigned.data().putLong(-1).putLong(Long.MIN_VALUE);
    Tensor bytes = Tensor.allocate(pool, DataType.UINT8, Shape.of(2));
    bytes.data().put((byte) 255).put((byte) 0);
    Tensor shorts = Tensor.allocate(pool, DataType.UINT16, Shape.of(1));
    shorts.data().putShort((short) 60000);
    Tensor ints = Tensor.allocate(pool, DataType.UINT32, Shape.of(1));
    ints.data().putInt(-2);
    Tensor flags = Tensor.allocate(pool, DataType.BOOL, Shape.of(2));
    flags.data().put((byte) 1).put((byte) 0);
    try (InferenceResponse response =
        response(
            null,
            output("a", unsigned),
            output("b", Tensor.ofLongs(pool, Shape.of(1), 9007199254740993L)),
            output("c", bytes),
            output("d", shorts),
            output("e", ints),
            output("f", flags),
            output("g", Tensor.ofStrings(pool, Shape.of(2), List.of("é\"", ""))))) {
      InferResponseEncoder.encode(response, OutputForms.JSON, captured);
    }
    assertThat(captured.text())
        .contains("[18446744073709551615,9223372036854775808]")
        .contains("[9007199254740993]")
        .contains("[255,0]")
        .contains("[60000]")
        .contains("[4294967294]")
        .contains("[true,false]")
        .contains("[\"é\\\"\",\"\"]")
        .doesNotContain("\"id\"");
  }

  @Test
  void encode_putsBinaryOutputsBehindTheJson_inTheirOrder() throws IOException {
    try (InferenceResponse response =
        response(
            null,
            output("a", Tensor.ofFloats(pool, Shape.of(2), Float.NaN, 2f)),
            output("b", Tensor.ofLongs(pool, Shape.of(1), 5)),
            output("c", Tensor.ofStrings(pool, Shape.of(1), List.of("xy"))))) {
      InferResponseEncoder.encode(
          response, new OutputForms(true, Map.of("b", false), Map.of()), captured);
    }
    long headerLength = captured.headerLength == null ? -1 : captured.headerLength;
    byte[] all = captured.bytes.toByteArray();
    assertThat(all).hasSize((int) headerLength + 8 + 6);
    assertThat(captured.length).isEqualTo(all.length);
    String json = new String(all, 0, (int) headerLength, StandardCharsets.UTF_8);
    assertThat(json)
        .contains("\"shape\":[2],\"parameters\":{\"binary_data_size\":8}}")
        .contains("\"data\":[5]")
        .endsWith("\"parameters\":{\"binary_data_size\":6}}]}");
    ByteBuffer binary =
        ByteBuffer.wrap(all, (int) headerLength, 14).slice().order(ByteOrder.LITTLE_ENDIAN);
    assertThat(binary.getFloat(4)).isEqualTo(2f);
    assertThat(binary.getInt(8)).isEqualTo(2);
    assertThat(binary.get(12)).isEqualTo((byte) 'x');
  }

  @Test
  void encode_isPlainJson_whenNoByteIsBinary() throws IOException {
    try (InferenceResponse response =
        response(null, output("a", Tensor.ofFloats(pool, Shape.of(0, 4))))) {
      InferResponseEncoder.encode(response, new OutputForms(true, Map.of(), Map.of()), captured);
    }
    assertThat(captured.headerLength).isNull();
    assertThat(captured.text()).contains("\"binary_data_size\":0");
  }

  @Test
  void encode_namesTheBinaryForm_beforeWritingAnything_whenJsonCannotHoldAnOutput() {
    Tensor notText = Tensor.ofBytes(pool, Shape.of(1), List.of(new byte[] {(byte) 0xFF}));
    Tensor infinite = Tensor.allocate(pool, DataType.FP64, Shape.of(2));
    infinite.data().putDouble(1).putDouble(Double.POSITIVE_INFINITY);
    List<Tensor> inexpressible =
        List.of(
            Tensor.ofFloats(pool, Shape.of(2), 1f, Float.NaN),
            infinite,
            Tensor.allocate(pool, DataType.FP16, Shape.of(1)),
            Tensor.allocate(pool, DataType.BF16, Shape.of(1)),
            notText);
    for (Tensor tensor : inexpressible) {
      try (InferenceResponse response = response(null, output("y", tensor))) {
        assertThatThrownBy(() -> InferResponseEncoder.encode(response, OutputForms.JSON, captured))
            .isInstanceOfSatisfying(
                InferenceException.class,
                failure ->
                    assertThat(failure.code().category()).isEqualTo(ErrorCategory.INVALID_REQUEST))
            .hasMessageContaining("output 'y'")
            .hasMessageContaining("binary_data: true");
      }
    }
    assertThat(captured.began).isFalse();
  }

  private static InferenceResponse response(@Nullable String id, NamedTensor... outputs) {
    return new InferenceResponse(id, "m", 3, List.of(outputs));
  }

  private static NamedTensor output(String name, Tensor tensor) {
    return new NamedTensor(name, tensor);
  }

  private static final class Captured implements ResponseTarget {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private @Nullable Long headerLength;
    private long length;
    private boolean began;

    @Override
    public OutputStream beginJson(long estimatedLength) {
      began = true;
      return bytes;
    }

    @Override
    public OutputStream beginBinary(long jsonLength, long allLength) {
      began = true;
      headerLength = jsonLength;
      length = allLength;
      return bytes;
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
