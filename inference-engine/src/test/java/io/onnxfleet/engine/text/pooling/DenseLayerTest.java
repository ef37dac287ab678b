package io.onnxfleet.engine.text.pooling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DenseLayerTest {
  private static final float[] WEIGHTS = {1, 0.5f, -2, 0, 0, 0.25f};
  private static final float[] BIAS = {0.5f, -1};

  @TempDir private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    Files.createDirectory(folder.resolve("2_Dense"));
    config(
        "\"in_features\":3,\"out_features\":2,\"bias\":true,"
            + "\"activation_function\":\"torch.nn.modules.linear.Identity\"");
    weights("F32");
  }

  @ParameterizedTest
  @CsvSource({"F32", "F16", "BF16", "F64"})
  void apply_multipliesAndAdds(String type) throws IOException {
    weights(type);

    DenseLayer layer = DenseLayer.read(files(), "2_Dense");

    assertThat(layer.dimensions()).isEqualTo(2);
    // 1*2 + 0.5*4 - 2*1 + 0.5 and 0.25*1 - 1
    assertThat(layer.apply(new double[] {2, 4, 1})).containsExactly(2.5, -0.75);
  }

  @ParameterizedTest
  @CsvSource({
    "torch.nn.modules.activation.Tanh,0.98661430,-0.63514895",
    "torch.nn.modules.activation.ReLU,2.5,0",
    "torch.nn.modules.activation.Sigmoid,0.92414182,0.32082130",
    "torch.nn.modules.activation.SiLU,2.31035455,-0.24061598"
  })
  void apply_goesThroughTheActivation(String name, double first, double second) throws IOException {
    config("\"in_features\":3,\"out_features\":2,\"activation_function\":\"%s\"".formatted(name));

    assertThat(DenseLayer.read(files(), "2_Dense").apply(new double[] {2, 4, 1}))
        .containsExactly(new double[] {first, second}, within(1e-6));
  }

  @Test
  void read_takesTanh_whereNothingIsSaid_asTheLibraryDoes() throws IOException {
    config("\"in_features\":3,\"out_features\":2");

    assertThat(DenseLayer.read(files(), "2_Dense").apply(new double[] {2, 4, 1})[0])
        .isCloseTo(Math.tanh(2.5), within(1e-6));
  }

  @Test
  void read_namesTheFault() throws IOException {
    config("\"in_features\":3,\"out_features\":2,\"activation_function\":\"torch.nn.GELU\"");
    assertFails("activation_function: torch.nn.GELU (expected one of [IDENTITY, TANH");
    config("\"in_features\":3,\"out_features\":2,\"activation_function\":{}");
    assertFails("activation_function: {} (expected a string)");
    config("\"in_features\":3,\"out_features\":2,\"bias\":\"no\"");
    assertFails("bias: \"no\" (expected true or false)");
    config("\"in_features\":4,\"out_features\":2");
    assertFails("linear.weight: [2, 3] (expected [2, 4])");
    config("\"in_features\":0,\"out_features\":2");
    assertFails("in_features: 0 (expected >= 1)");
    config("\"in_features\":3,\"out_features\":2");
    raw(Long.MAX_VALUE, "{}", new byte[0]);
    assertFails("a header of 9223372036854775807 bytes");
    raw(2, "{}", new byte[0]);
    assertFails("linear.weight: absent");
    String outside =
        "{\"linear.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
    raw(outside.length(), outside, new byte[23]);
    assertFails("bytes 0 to 24 (expected 24 of them within 23)");
    String huge =
        "{\"linear.weight\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],"
            + "\"data_offsets\":[0,24]}}";
    raw(huge.length(), huge, new byte[24]);
    assertFails("model.safetensors: ");
    String quantized =
        "{\"linear.weight\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[0,6]}}";
    raw(quantized.length(), quantized, new byte[6]);
    assertFails("dtype I8 (expected F64, F32, F16 or BF16)");
    raw(5, "{\"a\":", new byte[0]);
    assertFails("a malformed header");
  }

  private void assertFails(String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> DenseLayer.read(files(), "2_Dense"))
        .withMessageContaining(message)
        .returns(ErrorCode.MODEL_LOAD_FAILED, InferenceException::code);
  }

  private SideFiles files() {
    return SideFiles.of(folder, 1);
  }

  private void config(String fields) throws IOException {
    Files.writeString(folder.resolve("2_Dense/config.json"), "{" + fields + "}");
  }

  private void weights(String type) throws IOException {
    int width = Integer.parseInt(type.replaceAll("\\D", "")) / 8;
    ByteBuffer data = ByteBuffer.allocate(8 * width).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] values : new float[][] {WEIGHTS, BIAS}) {
      for (float value : values) {
        switch (type) {
          case "F32" -> data.putFloat(value);
          case "F64" -> data.putDouble(value);
          case "F16" -> data.putShort(Float.floatToFloat16(value));
          default -> data.putShort((short) (Float.floatToIntBits(value) >>> 16));
        }
      }
    }
    String header =
        String.format(
            Locale.ROOT,
            "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"linear.weight\":{\"dtype\":\"%s\",\"shape\":[2,3],\"data_offsets\":[0,%d]},"
                + "\"linear.bias\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[%d,%d]}}",
            type,
            6 * width,
            type,
            6 * width,
            8 * width);
    raw(header.length(), header, data.array());
  }

  private void raw(long length, String header, byte[] body) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + text.length + body.length).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(length).put(text).put(body);
    Files.write(folder.resolve("2_Dense/model.safetensors"), file.array());
  }
}
