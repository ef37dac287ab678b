package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class TextWindowPropertyTest {
  private static final Logger logger = LoggerFactory.getLogger(TextWindowPropertyTest.class);

  @Test
  void cut_isOneWindow_whenTextFits() {
    assertThat(TextWindow.cut(126, 126, 32)).containsExactly(new TextWindow(0, 126, 126));
  }

  @Test
  void cut_isOneEmptyWindow_whenTextIsEmpty() {
    assertThat(TextWindow.cut(0, 126, 32)).containsExactly(new TextWindow(0, 0, 0));
  }

  @Test
  void cut_evensOutLengths_whenOneTokenIsTooMany() {
    assertThat(TextWindow.cut(127, 126, 32))
        .containsExactly(new TextWindow(0, 80, 80), new TextWindow(48, 127, 47));
  }

  @Test
  void cut_refuses_whenNothingNewWouldFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TextWindow.cut(10, 4, 4))
        .withMessageContaining("overlap: 4");
  }

  @Test
  void cut_coversEveryToken_whateverTheSizes() {
    long seed = seed();
    logger.info("replay with -Dtest.seed={}", seed);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int round = 0; round < 2_000; round++) {
      int capacity = random.nextInt(1, 200);
      int overlap = random.nextInt(0, capacity);
      int tokens = random.nextInt(0, 3_000);
      requireInvariant(TextWindow.cut(tokens, capacity, overlap), tokens, capacity, overlap);
    }
    requireInvariant(
        TextWindow.cut(Integer.MAX_VALUE, 1 << 20, 32), Integer.MAX_VALUE, 1 << 20, 32);
  }

  private static void requireInvariant(
      List<TextWindow> windows, int tokens, int capacity, int overlap) {
    String sizes = "tokens %d, capacity %d, overlap %d".formatted(tokens, capacity, overlap);
    int covered = 0;
    long added = 0;
    int shortest = Integer.MAX_VALUE;
    int longest = 0;
    for (TextWindow window : windows) {
      assertThat(window.from()).as(sizes).isEqualTo(covered == 0 ? 0 : covered - overlap);
      assertThat(window.newTokens()).as(sizes).isEqualTo(window.to() - covered);
      covered = window.to();
      added += window.newTokens();
      shortest = Math.min(shortest, window.length());
      longest = Math.max(longest, window.length());
    }
    assertThat(covered).as(sizes).isEqualTo(tokens);
    assertThat(added).as(sizes).isEqualTo(tokens);
    assertThat(longest).as(sizes).isLessThanOrEqualTo(capacity);
    assertThat(longest - shortest).as(sizes).isLessThanOrEqualTo(1);
    long fewest =
        tokens <= capacity ? 1 : Math.ceilDiv((long) tokens - overlap, (long) capacity - overlap);
    assertThat(windows).as(sizes).hasSize((int) fewest);
  }

  private static long seed() {
    String given = System.getProperty("test.seed", "");
    return given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
  }
}
