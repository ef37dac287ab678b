package io.onnxfleet.gateway.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ModelPatternsTest {

  @Test
  void name_matchesItselfOnly() {
    ModelPatterns patterns = new ModelPatterns(List.of("minilm", "a.b"));
    assertThat(patterns.match("minilm")).isTrue();
    assertThat(patterns.match("minilm-int8")).isFalse();
    assertThat(patterns.match("aXb")).isFalse();
  }

  @Test
  void star_standsForAnyCharacters() {
    ModelPatterns patterns = new ModelPatterns(List.of("aba*ba", "\\E*", "x**y*z"));
    assertThat(patterns.match("ababa")).isTrue();
    assertThat(patterns.match("aba")).as("the same letters are not both start and end").isFalse();
    assertThat(patterns.match("\\E\nany")).isTrue();
    assertThat(patterns.match("xyz")).isTrue();
    assertThat(patterns.match("x1y2z3z")).isTrue();
    assertThat(patterns.match("xz")).isFalse();
    assertThat(new ModelPatterns(List.of("*")).match("")).isTrue();
    assertThat(new ModelPatterns(List.of()).match("a")).isFalse();
  }

  /** Against the same as a regular expression. */
  @Test
  void patterns_areThoseOfARegularExpression() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      String pattern = letters(random, "ab*", 7);
      String name = letters(random, "ab", 9);
      assertThat(new ModelPatterns(List.of(pattern)).match(name))
          .as("%s of %s", pattern, name)
          .isEqualTo(Pattern.matches(pattern.replace("*", ".*"), name));
    }
  }

  private static String letters(Random random, String alphabet, int most) {
    StringBuilder letters = new StringBuilder();
    for (int left = random.nextInt(most + 1); left > 0; left--) {
      letters.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return letters.toString();
  }
}
