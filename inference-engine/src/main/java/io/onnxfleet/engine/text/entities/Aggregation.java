package io.onnxfleet.engine.text.entities;

import io.onnxfleet.engine.text.entities.Entities.Entity;
import io.onnxfleet.engine.text.tokenization.TokenPlaces;
import io.onnxfleet.engine.textsettings.ScoreFunction;
import io.onnxfleet.engine.textsettings.TaskSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How tokens become entities, by the names that the transformers library gives. Those behind {@link
 * #SIMPLE} first give one label to all tokens of a word.
 */
public enum Aggregation {
  /** Not at all: each token by itself, with its label as it is. */
  NONE,
  /** Neighbours of one kind are one entity. */
  SIMPLE,
  /** A word has the label of its first token. */
  FIRST,
  /** A word has the label with the best mean over its tokens. */
  AVERAGE,
  /** A word has the label of its token with the best score. */
  MAX;

  /** Its name in requests. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** By its name; empty if it is none. */
  public static Optional<Aggregation> of(String label) {
    return Arrays.stream(values()).filter(each -> each.label().equals(label)).findFirst();
  }

  /** The names that are known, for messages. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(Aggregation::label).toList();
  }

  /** A token or a word with its label. */
  private record Piece(int label, double score, int start, int end) {}

  /**
   * The entities of a text.
   *
   * @param logits of each token
   */
  List<Entity> entities(float[][] logits, TokenPlaces places, TaskSettings settings) {
    List<Piece> pieces = new ArrayList<>();
    int from = 0;
    while (from < logits.length) {
      int to = from + 1;
      while (ofWords() && to < logits.length && places.words()[to] == places.words()[from]) {
        to++;
      }
      pieces.add(piece(logits, from, to, places));
      from = to;
    }
    return this == NONE ? each(pieces, settings) : merged(pieces, settings);
  }

  private boolean ofWords() {
    return this != NONE && this != SIMPLE;
  }

  private Piece piece(float[][] logits, int from, int to, TokenPlaces places) {
    double[] scores = scores(logits[from]);
    for (int token = from + 1; token < to; token++) {
      double[] next = scores(logits[token]);
      switch (this) {
        case AVERAGE -> Arrays.setAll(scores, label -> scores[label] + next[label]);
        case MAX -> {
          if (next[best(next)] > scores[best(scores)]) {
            System.arraycopy(next, 0, scores, 0, next.length);
          }
        }
        case NONE, SIMPLE, FIRST -> {}
      }
    }
    int label = best(scores);
    double score = this == AVERAGE ? scores[label] / (to - from) : scores[label];
    return new Piece(label, score, places.starts()[from], places.ends()[to - 1]);
  }

  private static double[] scores(float... logits) {
    double[] values = new double[logits.length];
    Arrays.setAll(values, label -> logits[label]);
    return ScoreFunction.SOFTMAX.scores(values);
  }

  private static int best(double... scores) {
    int best = 0;
    for (int label = 1; label < scores.length; label++) {
      best = scores[label] > scores[best] ? label : best;
    }
    return best;
  }

  private static List<Entity> each(List<Piece> pieces, TaskSettings settings) {
    return pieces.stream()
        .filter(piece -> !Tag.of(settings.label(piece.label())).isOutside())
        .map(
            piece ->
                new Entity(
                    settings.label(piece.label()), piece.score(), piece.start(), piece.end()))
        .toList();
  }

  private static List<Entity> merged(List<Piece> pieces, TaskSettings settings) {
    List<Entity> entities = new ArrayList<>();
    int from = 0;
    while (from < pieces.size()) {
      Tag tag = Tag.of(settings.label(pieces.get(from).label()));
      double score = pieces.get(from).score();
      int to = from + 1;
      for (Tag last = tag; to < pieces.size(); to++) {
        Tag next = Tag.of(settings.label(pieces.get(to).label()));
        if (!next.continues(last)) {
          break;
        }
        score += pieces.get(to).score();
        last = next;
      }
      if (!tag.isOutside()) {
        entities.add(
            new Entity(
                tag.kind(),
                score / (to - from),
                pieces.get(from).start(),
                pieces.get(to - 1).end()));
      }
      from = to;
    }
    return entities;
  }
}
