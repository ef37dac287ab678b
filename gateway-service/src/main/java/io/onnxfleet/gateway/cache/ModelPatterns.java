package io.onnxfleet.gateway.cache;

import java.util.List;
import java.util.regex.Pattern;

/** Names of models in which {@code *} stands for any characters. Safe for use by many threads. */
final class ModelPatterns {

  private final List<Pattern> patterns;

  ModelPatterns(List<String> patterns) {
    this.patterns =
        patterns.stream()
            .map(pattern -> Pattern.compile(Pattern.quote(pattern).replace("*", "\\E.*\\Q")))
            .toList();
  }

  boolean match(String model) {
    for (Pattern pattern : patterns) {
      if (pattern.matcher(model).matches()) {
        return true;
      }
    }
    return false;
  }
}
