package io.onnxfleet.gateway.rollout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AnswerComparisonTest {

  private final AnswerComparison comparison = new AnswerComparison(0.001);

  private static InferenceAnswer json(String outputs) {
    return answer("{\"model_version\":\"1\",\"outputs\":[" + outputs + "]}", null);
  }

  private static InferenceAnswer answer(String body, @Nullable String encoding) {
    return new InferenceAnswer(body.getBytes(UTF_8), null, encoding);
  }

  private static String floats(String name, String data) {
    return "{\"name\":\"%s\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[%s]}"
        .formatted(name, data);
  }

  private static InferenceAnswer binary(float... values) {
    byte[] head =
        ("{\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[2],"
                + "\"parameters\":{\"binary_data_size\":8}}]}")
            .getBytes(UTF_8);
    ByteBuffer body = ByteBuffer.allocate(head.length + 8).order(ByteOrder.LITTLE_ENDIAN).put(head);
    for (float value : values) {
      body.putFloat(value);
    }
    return new InferenceAnswer(body.array(), Integer.toString(head.length), null);
  }

  @Test
  void answers_areTheSame_whenNumbersDifferByLessThanTheTolerance() {
    // The nearest float to 1.001.
    assertThat(comparison.compare(json(floats("y", "1,-2")), json(floats("y", "1.001,-2"))))
        .isEqualTo(new ShadowResult.Compared((1.001f - 1d) / 2, true));
    assertThat(comparison.compare(binary(1, 2), binary(1, 2)))
        .isEqualTo(new ShadowResult.Compared(0, true));
  }

  @Test
  void answers_differ_whenNumbersDifferByMore() {
    assertThat(comparison.compare(binary(1, 2), binary(1, 3)))
        .isEqualTo(new ShadowResult.Compared(0.5, false));
    assertThat(comparison.compare(binary(1, 2), binary(1, Float.NaN)))
        .isEqualTo(new ShadowResult.Compared(Double.POSITIVE_INFINITY, false));
    assertThat(comparison.compare(json(floats("y", "0,0")), json(floats("y", "0,1"))))
        .isEqualTo(new ShadowResult.Compared(Double.POSITIVE_INFINITY, false));
  }

  @Test
  void answers_areDifferent_whenOutputsAre() {
    assertThat(comparison.compare(json(floats("y", "1,2")), json(floats("z", "1,2"))))
        .isEqualTo(new ShadowResult.Different("output y FP32[2] and z FP32[2]"));
    assertThat(comparison.compare(json(floats("y", "1,2")), json("")))
        .isEqualTo(new ShadowResult.Different("1 outputs and 0"));
    String text = "{\"name\":\"y\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"%s\"]}";
    assertThat(comparison.compare(json(text.formatted("a")), json(text.formatted("b"))))
        .isEqualTo(new ShadowResult.Different("output y: other contents"));
    assertThat(comparison.compare(json(text.formatted("a")), json(text.formatted("a"))))
        .isEqualTo(new ShadowResult.Compared(0, true));
  }

  @Test
  void answers_areNotCompared_whenTheyCannotBeRead() {
    assertThat(comparison.compare(answer("{}", "gzip"), answer("{}", null)))
        .isInstanceOf(ShadowResult.Uncompared.class);
    assertThat(comparison.compare(answer("{\"outputs\":", null), answer("{}", null)))
        .isInstanceOf(ShadowResult.Uncompared.class);
    InferenceAnswer cut = binary(1, 2);
    assertThat(comparison.compare(new InferenceAnswer(cut.body(), "9999", null), binary(1, 2)))
        .isInstanceOf(ShadowResult.Uncompared.class);
  }
}
