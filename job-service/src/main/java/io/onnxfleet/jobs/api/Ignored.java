package io.onnxfleet.jobs.api;

import java.util.List;
import java.util.stream.Collectors;

/** Names of a request that changed nothing, as a header tells them. Stateless. */
final class Ignored {
  private static final int MOST = 16;
  private static final int LONGEST = 64;

  private Ignored() {}

  static String written(List<String> names) {
    return names.stream()
        .limit(MOST)
        .map(name -> name.replaceAll("[^!-+\\--~]", "?"))
        .map(name -> name.length() > LONGEST ? name.substring(0, LONGEST) : name)
        .collect(Collectors.joining(", "));
  }
}
