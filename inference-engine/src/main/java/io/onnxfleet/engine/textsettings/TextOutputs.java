package io.onnxfleet.engine.textsettings;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses the output that a text's vector is made of, or a head's scores.
 *
 * <ul>
 *   <li>The one that is asked for by name.
 *   <li>Where a pooling is asked for, or else nothing better is there: one vector a token.
 *   <li>One vector a text by a name that means just that, or where it is the only output of one.
 * </ul>
 *
 * <p>Scores ({@code logits}) are no vectors unless they are asked for. Where several would do, none
 * is taken.
 */
public final class TextOutputs {
  /** Names that exporters give to the whole text's vector. */
  private static final List<String> VECTORS =
      List.of("sentence_embedding", "text_embeds", "text_embedding", "sentence_embeddings");

  /** Names that exporters give to the vectors of tokens. */
  private static final List<String> HIDDEN =
      List.of("last_hidden_state", "token_embeddings", "hidden_states", "output_0");

  static final String SCORES = "logits";

  private static final Set<DataType> FLOATS =
      EnumSet.of(DataType.FP32, DataType.FP16, DataType.BF16, DataType.FP64);

  private TextOutputs() {}

  /** An output, or why there is none. */
  public sealed interface Choice {
    /** That one. */
    record Chosen(TensorSpec output) implements Choice {
      /** True if it holds one vector a text. */
      public boolean isPooled() {
        return output.shape().rank() == 2;
      }
    }

    /** None. */
    record Refused(String reason) implements Choice {}
  }

  /** By what the model declares and what is asked for. */
  public static Choice choose(List<TensorSpec> outputs, TextSettings settings) {
    return choose(outputs, settings, settings.task().task());
  }

  /** The same for a task that is known otherwise. */
  static Choice choose(List<TensorSpec> outputs, TextSettings settings, ModelTask task) {
    return switch (task) {
      case EMBED -> vectors(outputs, settings);
      case RERANK, CLASSIFY -> scores(outputs, settings, task, List.of(2));
      case TOKEN_CLASSIFY -> scores(outputs, settings, task, List.of(3));
      case SPARSE -> scores(outputs, settings, task, List.of(3, 2));
    };
  }

  /** That of a head: the one that is asked for, {@code logits}, or the only one that could be. */
  private static Choice scores(
      List<TensorSpec> outputs, TextSettings settings, ModelTask task, List<Integer> ranks) {
    String asked = settings.output();
    List<TensorSpec> fitting =
        outputs.stream()
            .filter(output -> FLOATS.contains(output.dataType()))
            .filter(output -> ranks.contains(output.shape().rank()))
            .toList();
    String wanted = asked == null ? SCORES : asked;
    for (TensorSpec output : fitting) {
      if (output.name().equals(wanted)) {
        return new Choice.Chosen(output);
      }
    }
    if (asked == null && fitting.size() == 1) {
      return new Choice.Chosen(fitting.getFirst());
    }
    return new Choice.Refused(
        "no output '%s' of rank %d for the task %s, among %s (expected parameter %s to name one)"
            .formatted(
                wanted, ranks.getFirst(), task.label(), names(outputs), TextParameters.OUTPUT));
  }

  /** Whether there is an output that exporters give a head of that task. */
  static boolean hasScores(List<TensorSpec> outputs, int rank) {
    return outputs.stream()
        .anyMatch(
            output ->
                output.name().equals(SCORES)
                    && FLOATS.contains(output.dataType())
                    && output.shape().rank() == rank);
  }

  private static Choice vectors(List<TensorSpec> outputs, TextSettings settings) {
    String asked = settings.output();
    if (asked != null) {
      return outputs.stream()
          .filter(output -> output.name().equals(asked))
          .findFirst()
          .map(TextOutputs::named)
          .orElseGet(
              () ->
                  new Choice.Refused(
                      "no output '%s' (expected one of %s)".formatted(asked, names(outputs))));
    }
    List<TensorSpec> pooled = outputs.stream().filter(output -> isVector(output, 2)).toList();
    List<TensorSpec> hidden = outputs.stream().filter(output -> isVector(output, 3)).toList();
    if (!settings.poolingAsked()) {
      for (String name : VECTORS) {
        for (TensorSpec output : pooled) {
          if (output.name().equals(name)) {
            return new Choice.Chosen(output);
          }
        }
      }
    }
    for (String name : HIDDEN) {
      for (TensorSpec output : hidden) {
        if (output.name().equals(name)) {
          return new Choice.Chosen(output);
        }
      }
    }
    if (hidden.size() == 1) {
      return new Choice.Chosen(hidden.getFirst());
    }
    if (hidden.isEmpty() && pooled.size() == 1 && !settings.poolingAsked()) {
      return new Choice.Chosen(pooled.getFirst());
    }
    return new Choice.Refused(
        hidden.isEmpty() && (pooled.isEmpty() || settings.poolingAsked())
            ? "no FP32 output of one vector a token, nor one of one vector a text, among %s"
                .formatted(names(outputs))
            : "several outputs could be its vector, %s (expected parameter %s to name one)"
                .formatted(names(hidden.isEmpty() ? pooled : hidden), TextParameters.OUTPUT));
  }

  private static Choice named(TensorSpec output) {
    int rank = output.shape().rank();
    return FLOATS.contains(output.dataType()) && (rank == 2 || rank == 3)
        ? new Choice.Chosen(output)
        : new Choice.Refused(
            "its output '%s' is %s%s (expected FP32[-1,-1] or FP32[-1,-1,-1])"
                .formatted(output.name(), output.dataType(), output.shape()));
  }

  private static boolean isVector(TensorSpec output, int rank) {
    return FLOATS.contains(output.dataType())
        && output.shape().rank() == rank
        && !output.name().equals(SCORES);
  }

  private static List<String> names(List<TensorSpec> outputs) {
    return outputs.stream().map(TensorSpec::name).toList();
  }
}
