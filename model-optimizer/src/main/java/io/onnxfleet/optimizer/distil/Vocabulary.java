package io.onnxfleet.optimizer.distil;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tokens of a {@code tokenizer.json}: which of them stand for text, how often each is to be
 * expected, and what a text of one token looks like. Immutable.
 */
public final class Vocabulary {
  /** Places that a vocabulary keeps for later. */
  private static final Pattern PLACEHOLDER = Pattern.compile("[\\[<]unused_?\\d+[]>]");

  private static final int SHORTEST_ROW = 3;
  private static final int LONGEST_ROW = 23;

  private final long[] prefix;
  private final long[] suffix;
  private final double[] probabilities;

  private Vocabulary(long[] prefix, long[] suffix, double[] probabilities) {
    this.prefix = prefix;
    this.suffix = suffix;
    this.probabilities = probabilities;
  }

  /**
   * Reads one.
   *
   * @throws OptimizerException if it cannot be used
   */
  public static Vocabulary read(Path file) {
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      long[] letter = tokenizer.encode("a", Integer.MAX_VALUE);
      long[] row = tokenizer.encodeRow("a", Integer.MAX_VALUE);
      int start = 0;
      while (start < row.length - letter.length
          && !Arrays.equals(row, start, start + letter.length, letter, 0, letter.length)) {
        start++;
      }
      JsonNode root = JsonMapper.builder().build().readTree(TextFile.read(file));
      return new Vocabulary(
          Arrays.copyOf(row, start),
          Arrays.copyOfRange(row, start + letter.length, row.length),
          probabilities(root, tokenizer.vocabularySize()));
    } catch (IOException | InferenceException | JacksonException unusable) {
      throw new OptimizerException(file + ": " + unusable.getMessage(), unusable);
    }
  }

  /**
   * Scores are logarithms of probabilities where a vocabulary has them. Elsewhere tokens stand in
   * the order of their frequency, which falls as Zipf's law says.
   */
  private static double[] probabilities(JsonNode root, int size) {
    double[] weights = new double[size];
    JsonNode entries = root.path("model").path("vocab");
    if (entries.isArray()) {
      for (int id = 0; id < entries.size(); id++) {
        weights[id] = Math.exp(entries.get(id).path(1).asDouble());
      }
    } else {
      boolean[] known = new boolean[size];
      entries
          .properties()
          .forEach(
              entry ->
                  known[entry.getValue().asInt()] = !PLACEHOLDER.matcher(entry.getKey()).matches());
      int rank = 1;
      for (int id = 0; id < size; id++) {
        if (known[id]) {
          weights[id] = 1.0 / ++rank;
        }
      }
    }
    for (JsonNode token : root.path("added_tokens")) {
      if (token.path("special").asBoolean()) {
        weights[token.path("id").asInt()] = 0;
      }
    }
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }

  /** Token ids are 0 to one less than this. */
  public int size() {
    return probabilities.length;
  }

  /** Whether a token stands for text, and not for a place in a row or for nothing at all. */
  public boolean isText(int token) {
    return probabilities[token] > 0;
  }

  /** How often a token is to be expected, among all that stand for text. */
  public double probability(int token) {
    return probabilities[token];
  }

  /** Rows of tokens that follow each other at random, each as often as it is to be expected. */
  public List<long[]> madeUpRows(Random random, int count) {
    double[] cumulative = probabilities.clone();
    Arrays.parallelPrefix(cumulative, Double::sum);
    List<long[]> rows = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      long[] tokens = new long[random.nextInt(SHORTEST_ROW, LONGEST_ROW)];
      for (int index = 0; index < tokens.length; index++) {
        int place = Arrays.binarySearch(cumulative, random.nextDouble());
        tokens[index] = Math.min(cumulative.length - 1, place < 0 ? -place - 1 : place + 1);
      }
      rows.add(row(tokens));
    }
    return rows;
  }

  /** The row of a text that is one token. */
  public long[] row(int token) {
    return row(new long[] {token});
  }

  private long[] row(long[] tokens) {
    long[] row = Arrays.copyOf(prefix, prefix.length + tokens.length + suffix.length);
    System.arraycopy(tokens, 0, row, prefix.length, tokens.length);
    System.arraycopy(suffix, 0, row, prefix.length + tokens.length, suffix.length);
    return row;
  }
}
