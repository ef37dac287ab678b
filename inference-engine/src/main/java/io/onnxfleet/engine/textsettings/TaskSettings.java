package io.onnxfleet.engine.textsettings;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a text model is for, as far as parameters say it. Immutable.
 *
 * @param task that it has
 * @param labels of its head in the order of the logits; empty if nothing names them
 * @param scores how logits become scores, or null to go by their number
 * @param similarity of two of its vectors
 * @param reranking how its vectors rerank, or null for the product's default
 */
public record TaskSettings(
    ModelTask task,
    List<String> labels,
    @Nullable ScoreFunction scores,
    SimilarityFunction similarity,
    @Nullable RerankMethod reranking) {

  private static final int MOST_LABELS = 10_000;

  /** Characters of a label, which stands in each answer. */
  private static final int LONGEST_LABEL = 1024;

  public TaskSettings {
    labels = List.copyOf(labels);
  }

  /** The name of a label by its place among the logits. */
  public String label(int index) {
    return labels.isEmpty() ? "LABEL_" + index : labels.get(index);
  }

  /** How that many logits become scores. */
  public ScoreFunction scoresOf(int logits) {
    ScoreFunction usual = logits == 1 ? ScoreFunction.SIGMOID : ScoreFunction.SOFTMAX;
    // The softmax of one logit is 1, whatever that is.
    return scores == null || scores == ScoreFunction.SOFTMAX ? usual : scores;
  }

  static TaskSettings of(Map<String, String> parameters) {
    return new TaskSettings(
        chosen(parameters, TextParameters.TASK, ModelTask::of, ModelTask.labels())
            .orElse(ModelTask.EMBED),
        labels(parameters),
        chosen(
                parameters,
                TextParameters.PROBLEM_TYPE,
                ScoreFunction::of,
                List.of(
                    ScoreFunction.SOFTMAX.problem(),
                    ScoreFunction.SIGMOID.problem(),
                    ScoreFunction.IDENTITY.problem()))
            .orElse(null),
        chosen(
                parameters,
                TextParameters.SIMILARITY,
                SimilarityFunction::of,
                SimilarityFunction.labels())
            .orElse(SimilarityFunction.COSINE),
        chosen(parameters, TextParameters.RERANKING, RerankMethod::of, RerankMethod.labels())
            .orElse(null));
  }

  /** Labels as one parameter, which {@link #of} reads. */
  static String asParameter(List<String> labels) {
    return new Gson().toJson(labels);
  }

  private static <T> Optional<T> chosen(
      Map<String, String> parameters,
      String key,
      Function<String, Optional<T>> reading,
      List<String> known) {
    String value = parameters.get(key);
    if (value == null) {
      return Optional.empty();
    }
    Optional<T> read = reading.apply(value.strip());
    if (read.isEmpty()) {
      throw wrong(key, value, "one of " + known);
    }
    return read;
  }

  private static List<String> labels(Map<String, String> parameters) {
    String value = parameters.get(TextParameters.LABELS);
    if (value == null) {
      return List.of();
    }
    List<String> labels = new ArrayList<>();
    try {
      JsonArray array = JsonParser.parseString(value).getAsJsonArray();
      for (JsonElement element : array) {
        if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isString()) {
          throw wrong(TextParameters.LABELS, element.toString(), "strings");
        }
        labels.add(element.getAsString());
      }
    } catch (JsonParseException | IllegalStateException malformed) {
      throw wrong(TextParameters.LABELS, value, "a JSON array such as [\"bad\",\"good\"]");
    }
    if (labels.isEmpty()) {
      throw wrong(TextParameters.LABELS, "none", "1 to " + MOST_LABELS);
    }
    String excess = excess(labels);
    if (excess != null) {
      throw wrong(
          TextParameters.LABELS,
          excess,
          "<= %d of <= %d characters".formatted(MOST_LABELS, LONGEST_LABEL));
    }
    return labels;
  }

  /** Why labels are more, or longer, than are served; null if they are not. */
  static @Nullable String excess(List<String> labels) {
    if (labels.size() > MOST_LABELS) {
      return labels.size() + " labels";
    }
    return labels.stream()
        .mapToInt(String::length)
        .filter(length -> length > LONGEST_LABEL)
        .mapToObj(length -> "a label of %d characters".formatted(length))
        .findFirst()
        .orElse(null);
  }

  private static InferenceException wrong(String key, String value, String expected) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "parameter %s: %s (expected %s)".formatted(key, value, expected));
  }
}
