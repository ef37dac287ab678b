package io.onnxfleet.engine.repository.config.reading;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NearestNameTest {
  @ParameterizedTest
  @CsvSource({
    "name, name, 0",
    "name, NAME, 0",
    "nmae, name, 1",
    "nam, name, 1",
    "names, name, 1",
    "nbme, name, 1",
    "'', name, 4",
    "sequence_batching, dynamic_batching, 7",
  })
  void distance_countsEdits(String left, String right, int edits) {
    assertThat(NearestName.distance(left, right)).isEqualTo(edits);
    assertThat(NearestName.distance(right, left)).isEqualTo(edits);
  }

  @Test
  void hint_listsNames_whenNoneIsNear() {
    assertThat(NearestName.hint("x", List.of("input", "output")))
        .isEqualTo(" (expected one of input, output)");
    assertThat(NearestName.hint("x", List.of())).isEqualTo(" (expected none)");
    assertThat(NearestName.hint("x", Collections.nCopies(17, "input"))).endsWith(", ...)");
  }
}
