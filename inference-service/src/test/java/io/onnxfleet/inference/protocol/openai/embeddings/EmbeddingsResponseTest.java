package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.Embeddings;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingsResponseTest {

  @Test
  void writeTo_isOpenAisShape() {
    assertThat(json(EncodingFormat.FLOAT, 0, new float[] {0.6f, -0.8f}, new float[] {1, 1.5e-7f}))
        .isEqualTo(
            "{\"object\":\"list\",\"data\":["
                + "{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.6,-0.8]},"
                + "{\"object\":\"embedding\",\"index\":1,\"embedding\":[1.0,1.5E-7]}],"
                + "\"model\":\"m\",\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}");
  }

  @Test
  void writeTo_isLittleEndianFloats_whenBase64IsAskedFor() {
    // 1.0f is 0x3F800000, -2.0f is 0xC0000000.
    assertThat(json(EncodingFormat.BASE64, 0, new float[] {1, -2}))
        .contains("\"embedding\":\"AACAPwAAAMA=\"");
  }

  @Test
  void of_cutsAndScales_whenDimensionsAreAskedFor() {
    assertThat(json(EncodingFormat.FLOAT, 2, new float[] {0.3f, 0.4f, 0.8660254f}))
        .contains("\"embedding\":[0.6,0.8]");
  }

  @Test
  void of_fails_whenAllThatIsLeftIsZeros() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> json(EncodingFormat.FLOAT, 1, new float[] {0, 1}))
        .withMessageContaining("the first 1 numbers of a vector are zeros");
  }

  @Test
  void of_refuses_whenThereAreFewerDimensions() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> json(EncodingFormat.FLOAT, 3, new float[] {0, 1}))
        .withMessage("dimensions: 3 (expected: 1 to 2)");
  }

  private static String json(EncodingFormat format, int dimensions, float[]... vectors) {
    EmbeddingsRequest request =
        new EmbeddingsRequest(
            "m",
            List.of(new TextInput.Characters("a")),
            format,
            dimensions,
            null,
            null,
            null,
            TextOptions.Overlong.WINDOWS,
            0,
            List.of());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    EmbeddingsResponse.of("m", request, new Embeddings(List.of(vectors), 9, List.of(1), true))
        .writeTo(out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
