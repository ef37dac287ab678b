package io.onnxfleet.contract.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.json.MalformedJsonException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessageTest {

  private final Random random = new Random(7);

  @Test
  void requests_areReadAsTheyAreWritten() {
    for (int round = 0; round < 500; round++) {
      InferRequest request =
          new InferRequest(
              round % 3 == 0 ? null : "id \"" + round,
              new InferRequest.Parameters(
                  random.nextInt(5), random.nextInt(1000), random.nextBoolean()),
              tensors(),
              List.of(
                  new InferRequest.Output("a", null, 0),
                  new InferRequest.Output("b", random.nextBoolean(), 3),
                  new InferRequest.Output("c", false, 0)));
      assertThat(InferRequest.read(request.write(true))).isEqualTo(request);
      assertThat(InferRequest.read(request.write(false))).isEqualTo(request);
    }
  }

  @Test
  void answers_areReadAsTheyAreWritten() {
    for (int round = 0; round < 500; round++) {
      InferResponse response =
          new InferResponse(
              "m\u00e9", "12", round % 2 == 0 ? null : "x", round % 3 == 0 ? null : "v", tensors());
      assertThat(InferResponse.read(response.write(true))).isEqualTo(response);
      assertThat(InferResponse.read(response.write(false))).isEqualTo(response);
    }
  }

  private List<WireTensor> tensors() {
    List<WireTensor> tensors = new ArrayList<>();
    for (Datatype datatype : Datatype.values()) {
      if (random.nextInt(3) > 0) {
        List<Long> shape =
            random.nextInt(9) == 0 ? List.of() : List.of(2L, (long) random.nextInt(4));
        tensors.add(
            new WireTensor(
                "t " + datatype, datatype, shape, data(datatype, WireTensor.elements(shape))));
      }
    }
    return tensors;
  }

  private ByteBuffer data(Datatype datatype, long count) {
    ByteBuffer data = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
    for (long index = 0; index < count; index++) {
      switch (datatype) {
        case BOOL -> data.put((byte) random.nextInt(2));
        case FP32 -> data.putFloat((float) random.nextGaussian());
        case FP64 -> data.putDouble(random.nextGaussian());
        case BYTES -> {
          byte[] text =
              "caf\u00e9 \"\\\n".substring(random.nextInt(8)).getBytes(StandardCharsets.UTF_8);
          data.putInt(text.length).put(text);
        }
        default -> {
          for (int part = 0; part < datatype.byteSize(); part++) {
            data.put((byte) random.nextInt(256));
          }
        }
      }
    }
    return data.flip();
  }

  private static WireMessage message(String json, @Nullable String header) {
    return WireMessage.of(json.getBytes(StandardCharsets.UTF_8), header);
  }

  @Test
  void keysThatAreNotKnown_changeNothing() {
    InferResponse read =
        InferResponse.read(
            message(
                "{\"later\":[{\"x\":1}],\"model_name\":\"m\",\"outputs\":[{\"data\":[[1,2]],\"of\":{},"
                    + "\"shape\":[2],\"datatype\":\"INT8\",\"name\":\"y\"}]}",
                null));
    assertThat(read.version()).isEmpty();
    assertThat(read.outputs().get(0).data()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|the body is no JSON object",
        "{}|no 'inputs'",
        "{\"inputs\":{}}|'inputs' is no array",
        "{\"inputs\":[1]}|'inputs' holds something else",
        "{\"inputs\":[{}]}|a tensor without",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP31\"}]}|datatype 'FP31'",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"shape\":[1]}]}|not one of 'data'",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"shape\":[-1],\"data\":[1]}]}|shape:"
            + " -1",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"shape\":[1],\"data\":[128]}]}|element"
            + " 0 is 128 (expected an integer from -128 to 127)",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"shape\":[2],\"data\":[1]}]}|1"
            + " elements for",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1e99]}]}|element"
            + " 0 is 1e99",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP16\",\"shape\":[1],\"data\":[1]}]}|FP16 data"
            + " in JSON",
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"shape\":[1],\"parameters\":"
            + "{\"binary_data_size\":1}}]}|binary_data_size: 1 (expected: <= 0",
        "{\"inputs\":[]} x|more behind the JSON object",
        "{\"inputs\":[],\"inputs\":[]}|key 'inputs' twice",
      })
  void whatIsNoRequest_isRefused(String json, String message) {
    assertThatThrownBy(() -> InferRequest.read(message(json, null)))
        .isInstanceOf(MalformedJsonException.class)
        .hasMessageContaining(message);
  }

  @Test
  void bodiesThatGoOn_areRefused() {
    assertThatThrownBy(() -> InferRequest.read(message("{\"inputs\":[]}xx", "13")))
        .hasMessageContaining("goes on behind its last tensor");
    assertThatThrownBy(() -> message("{}", "3")).hasMessageContaining("header length: 3");
    assertThatThrownBy(() -> message("{}", "x")).hasMessageContaining("header length: x");
  }

  @Test
  void tensors_haveAsManyElementsAsTheirShapeSays() {
    assertThatThrownBy(
            () -> new WireTensor("a", Datatype.FP32, List.of(2L), ByteBuffer.allocate(7)))
        .hasMessage("tensor 'a': 7 bytes for FP32[2] (expected 8)");
  }
}
