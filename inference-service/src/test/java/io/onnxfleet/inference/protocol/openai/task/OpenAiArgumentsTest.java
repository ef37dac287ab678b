package io.onnxfleet.inference.protocol.openai.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OpenAiArgumentsTest {
  private final OpenAiArguments arguments = new OpenAiArguments(List.of());

  @Test
  void namedBy_isTheArgument_thatTheMessageSpeaksOf() {
    assertThat(arguments.namedBy("input: absent")).isEqualTo("input");
    assertThat(arguments.namedBy("input[3]: null")).isEqualTo("input");
    assertThat(arguments.namedBy("dimensions: 0")).isEqualTo("dimensions");
    assertThat(arguments.namedBy("messages: an array")).isEqualTo("messages");
    assertThat(arguments.namedBy("inputs of all kinds")).isNull();
    assertThat(arguments.namedBy("input")).isNull();
    assertThat(arguments.namedBy("JSON, line 1")).isNull();
  }
}
