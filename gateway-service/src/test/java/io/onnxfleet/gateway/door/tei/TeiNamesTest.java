package io.onnxfleet.gateway.door.tei;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class TeiNamesTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  @Test
  void told_namesTheArgument_thatTheClientSent() {
    String rest = "[2]: 300 tokens (expected: <= 256)";
    assertThat(told("/rerank", "{}", "documents" + rest)).isEqualTo("texts" + rest);
    assertThat(told("/rerank", "{}", "query: no tokens")).isEqualTo("query: no tokens");
    assertThat(told("/similarity", "{}", "source: 300 tokens"))
        .isEqualTo("source_sentence: 300 tokens");
    assertThat(told("/similarity", "{}", "targets" + rest)).isEqualTo("sentences" + rest);
    assertThat(told("/decode", "{}", "tokens[0]: token 40000")).isEqualTo("ids[0]: token 40000");
    assertThat(told("/embed", "{\"inputs\":[\"a\"]}", "input[0]: x")).isEqualTo("inputs[0]: x");
    assertThat(told("/embed", "{\"inputs\":\"a\"}", "input[0]: x")).isEqualTo("inputs: x");
    assertThat(told("/predict", "{\"inputs\":[\"a\",\"b\"]}", "input[0]: x"))
        .isEqualTo("inputs: x");
    assertThat(told("/predict", "{\"inputs\":[[\"a\"],[\"b\"]]}", "input[1]: x"))
        .isEqualTo("inputs[1]: x");
    assertThat(told("/tokenize", "{\"inputs\":\"a\"}", "model 'x' is gone"))
        .isEqualTo("model 'x' is gone");
    assertThat(told("/tokenize", "{\"inputs\":\"a\"}", "input")).isEqualTo("inputs");
  }

  private static String told(String route, String request, String message) {
    return TeiNames.of(route, JSON.readTree(request)).told(message);
  }
}
