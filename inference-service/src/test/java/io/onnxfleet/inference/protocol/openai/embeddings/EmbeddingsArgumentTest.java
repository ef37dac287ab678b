package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EmbeddingsArgumentTest {

  @Test
  void namedBy_isTheArgument_thatTheMessageSpeaksOf() {
    assertThat(EmbeddingsArgument.namedBy("input: absent")).isEqualTo("input");
    assertThat(EmbeddingsArgument.namedBy("input[3]: null")).isEqualTo("input");
    assertThat(EmbeddingsArgument.namedBy("dimensions: 0")).isEqualTo("dimensions");
    assertThat(EmbeddingsArgument.namedBy("inputs of all kinds")).isNull();
    assertThat(EmbeddingsArgument.namedBy("input")).isNull();
    assertThat(EmbeddingsArgument.namedBy("JSON, line 1")).isNull();
  }
}
