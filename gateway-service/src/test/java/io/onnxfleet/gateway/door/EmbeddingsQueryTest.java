package io.onnxfleet.gateway.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.gateway.failure.GatewayException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;

class EmbeddingsQueryTest {

  @Test
  void read_passesOn_whatChoosesAPrompt() {
    MultiValueMap<String, String> query = new LinkedMultiValueMap<>();
    query.add("input", "a \"quoted\" text");
    query.add("input_type", "query");
    query.add("prompt_name", "q\"");
    query.add("truncate", "NONE");
    query.add("dimensions", "8");

    assertThat(body(query))
        .isEqualTo(
            "{\"model\":\"m\",\"input\":[\"a \\\"quoted\\\" text\"],\"prompt_name\":\"q\\\"\","
                + "\"input_type\":\"query\",\"truncate\":\"NONE\",\"dimensions\":8}");
  }

  @Test
  void read_refuses_whatItDoesNotKnow_orIsGivenTwice() {
    MultiValueMap<String, String> query = new LinkedMultiValueMap<>();
    query.add("input", "a");
    query.add("input_type", "query");
    query.add("input_type", "document");

    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> body(query))
        .withMessageContaining("query parameter 'input_type', 2 times")
        .withMessageContaining("once each: model, dimensions, encoding_format, prompt_name");
  }

  private static String body(MultiValueMap<String, String> query) {
    return new String(EmbeddingsQuery.read(query, "m").body().bytes(), StandardCharsets.UTF_8);
  }
}
