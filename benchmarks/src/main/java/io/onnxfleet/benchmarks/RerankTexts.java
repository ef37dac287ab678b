package io.onnxfleet.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Seeded texts of words that are one token each in BERT's English vocabulary. For one thread. */
final class RerankTexts {
  static final int LEAST = 10;
  static final int MOST = 250;

  /** Of the tokens above the least; with it lengths are 60 on average. */
  private static final double SPREAD = 51;

  private static final int QUERY = 8;

  private static final List<String> WORDS =
      List.of(
          "the", "of", "and", "city", "house", "water", "school", "time", "year", "game", "group",
          "music", "family", "night", "history", "river", "state", "world", "church", "team");

  private final SplittableRandom random;

  RerankTexts(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Another one each time. */
  String query() {
    return text(QUERY);
  }

  /** A text of so many tokens. */
  String text(int tokens) {
    return IntStream.range(0, tokens)
        .mapToObj(_ -> WORDS.get(random.nextInt(WORDS.size())))
        .collect(Collectors.joining(" "));
  }

  /** Texts of {@value #LEAST} to {@value #MOST} tokens, most of them short, in any order. */
  List<String> passages(int count) {
    List<String> passages = new ArrayList<>(count);
    for (int place = 0; place < count; place++) {
      passages.add(random.nextInt(place + 1), text(length(place, count)));
    }
    return passages;
  }

  /** The exponential distribution's quantile in the middle of each of so many equal parts. */
  static int length(int place, int count) {
    double share = (place + 0.5) / count;
    return (int) Math.min(MOST, LEAST + Math.round(-SPREAD * Math.log1p(-share)));
  }
}
