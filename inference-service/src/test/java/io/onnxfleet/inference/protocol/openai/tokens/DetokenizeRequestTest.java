package io.onnxfleet.inference.protocol.openai.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DetokenizeRequestTest {

  private static DetokenizeRequest read(String tokens) throws IOException {
    return DetokenizeRequest.read(
        new ByteArrayInputStream(("{\"tokens\":" + tokens + "}").getBytes(StandardCharsets.UTF_8)));
  }

  private static String repeated(String element, int times) {
    return "[" + (element + ",").repeat(times - 1) + element + "]";
  }

  private static void assertRefused(String tokens, String message) {
    assertThatThrownBy(() -> read(tokens))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void tokens_areOfOneText_orOfSeveral() throws IOException {
    assertThat(read("[1,2]").tokens()).containsExactly(new long[] {1, 2});
    assertThat(read("[[1,2],[3]]").tokens()).containsExactly(new long[] {1, 2}, new long[] {3});
    assertThat(read("[[]]").tokens()).containsExactly(new long[0]);
  }

  @Test
  void whatIsNoToken_isRefused_byItsPlace() {
    assertRefused("3", "tokens: a number (expected an array of token ids)");
    assertRefused("[]", "tokens: an empty array");
    assertRefused("[1,[2]]", "tokens: numbers and arrays");
    assertRefused("[[1],2]", "tokens: numbers and arrays");
    assertRefused("[1,\"a\"]", "tokens[1]: a string (expected a whole number)");
    assertRefused("[1,3000000000]", "tokens[1]: 3000000000");
    assertRefused("[[1],[1.5]]", "tokens[1]: a number as token 0");
    assertRefused(repeated("[]", TaskRequest.MOST_TEXTS + 1), "tokens: more than 2048 texts");
    assertRefused(
        repeated("1", TextEmbedder.DEFAULT_MAX_TOKENS + 1),
        "tokens: more than 1048576 tokens in all");
  }

  /** A body of two bytes a token, of which a caller may compress a thousand into one. */
  @Test
  void tokens_takeNoMoreMemory_thanNumbersDo() throws IOException {
    String most = repeated("1", TextEmbedder.DEFAULT_MAX_TOKENS);
    byte[] body = ("{\"tokens\":" + most + "}").getBytes(StandardCharsets.UTF_8);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    DetokenizeRequest request = DetokenizeRequest.read(new ByteArrayInputStream(body));

    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(40L << 20);
    assertThat(request.tokens().getFirst()).hasSize(TextEmbedder.DEFAULT_MAX_TOKENS);
  }
}
