package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EmbeddingsHeadersTest {

  @Test
  void ignored_isBounded_andFitForAHeader() {
    assertThat(EmbeddingsHeaders.ignored(List.of("user", "a\r\nSet-Cookie: x=1", "é,\u0000", "")))
        .isEqualTo("user, a??Set-Cookie??x?1, ???, ?");
    assertThat(EmbeddingsHeaders.ignored(List.of("x".repeat(1_000)))).isEqualTo("x".repeat(64));
    List<String> many = IntStream.range(0, 100).mapToObj(index -> "k" + index).toList();
    assertThat(EmbeddingsHeaders.ignored(many)).isEqualTo("k0, k1, k2, k3, k4, k5, k6, k7, k8, k9");
  }

  @Test
  void windows_areTheNumbersInOrder_orTheirSum() {
    assertThat(EmbeddingsHeaders.windows(List.of(3))).isEqualTo("3");
    assertThat(EmbeddingsHeaders.windows(List.of(1, 4, 1))).isEqualTo("1, 4, 1");
    assertThat(EmbeddingsHeaders.windows(Collections.nCopies(65, 2)))
        .isEqualTo("most=2, total=130");
  }
}
