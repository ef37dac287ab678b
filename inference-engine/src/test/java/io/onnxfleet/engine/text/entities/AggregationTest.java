package io.onnxfleet.engine.text.entities;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.text.tokenization.TokenPlaces;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.SimilarityFunction;
import io.onnxfleet.engine.textsettings.TaskSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tokens of one character each, whose scores are said. */
class AggregationTest {
  private static final List<String> LABELS =
      List.of("O", "B-PER", "I-PER", "E-PER", "S-LOC", "I-LOC");
  private static final double[][] WORD = {{0.1, 0.5, 0, 0, 0.4, 0}, {0.1, 0.2, 0, 0, 0.7, 0}};

  @Test
  void none_tellsEachToken_byItsOwnLabel() {
    assertThat(found(Aggregation.NONE, "B-PER", "O", "E-PER"))
        .containsExactly("B-PER 0-1 1.00", "E-PER 2-3 1.00");
  }

  @Test
  void simple_mergesNeighboursOfAKind_untilOneBeginsOrEnds() {
    assertThat(found(Aggregation.SIMPLE, "B-PER", "I-PER", "B-PER", "O", "I-PER"))
        .containsExactly("PER 0-2 1.00", "PER 2-3 1.00", "PER 4-5 1.00");
    assertThat(found(Aggregation.SIMPLE, "B-PER", "I-PER", "E-PER", "I-PER", "I-LOC"))
        .containsExactly("PER 0-3 1.00", "PER 3-4 1.00", "LOC 4-5 1.00");
    assertThat(found(Aggregation.SIMPLE, "S-LOC", "S-LOC", "I-LOC"))
        .containsExactly("LOC 0-1 1.00", "LOC 1-2 1.00", "LOC 2-3 1.00");
  }

  @Test
  void words_haveOneLabel_byTheirFirstToken_theMean_orTheBest() {
    assertThat(found(Aggregation.SIMPLE, WORD, 0, 0))
        .containsExactly("PER 0-1 0.50", "LOC 1-2 0.70");
    assertThat(found(Aggregation.FIRST, WORD, 0, 0)).containsExactly("PER 0-2 0.50");
    assertThat(found(Aggregation.AVERAGE, WORD, 0, 0)).containsExactly("LOC 0-2 0.55");
    assertThat(found(Aggregation.MAX, WORD, 0, 0)).containsExactly("LOC 0-2 0.70");
    assertThat(found(Aggregation.FIRST, WORD, 0, 1))
        .containsExactly("PER 0-1 0.50", "LOC 1-2 0.70");
  }

  private static List<String> found(Aggregation aggregation, String... labels) {
    double[][] scores = new double[labels.length][LABELS.size()];
    for (int token = 0; token < labels.length; token++) {
      scores[token][LABELS.indexOf(labels[token])] = 1;
    }
    return found(aggregation, scores, IntStream.range(0, labels.length).toArray());
  }

  private static List<String> found(Aggregation aggregation, double[][] scores, int... words) {
    float[][] logits = new float[scores.length][LABELS.size()];
    for (int token = 0; token < scores.length; token++) {
      for (int label = 0; label < LABELS.size(); label++) {
        logits[token][label] = (float) Math.max(-100, Math.log(scores[token][label]));
      }
    }
    int[] starts = IntStream.range(0, words.length).toArray();
    int[] ends = Arrays.stream(starts).map(start -> start + 1).toArray();
    TaskSettings settings =
        new TaskSettings(ModelTask.TOKEN_CLASSIFY, LABELS, null, SimilarityFunction.COSINE, null);
    return aggregation.entities(logits, new TokenPlaces(starts, ends, words), settings).stream()
        .map(
            each ->
                String.format(
                    Locale.ROOT,
                    "%s %d-%d %.2f",
                    each.label(),
                    each.start(),
                    each.end(),
                    each.score()))
        .toList();
  }
}
