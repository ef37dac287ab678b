package io.onnxfleet.gateway.fleet;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Names of models in which {@code *} stands for any characters. Safe for use by many threads. */
public final class ModelPatterns {

  /** Matches every name. */
  public static final ModelPatterns ALL = new ModelPatterns(List.of("*"));

  private static final String ANY = "*";

  private final boolean isAll;
  private final Set<String> names = new HashSet<>();
  private final List<Pattern> patterns = new ArrayList<>();

  public ModelPatterns(List<String> patterns) {
    isAll = patterns.contains(ANY);
    for (String pattern : patterns) {
      if (pattern.contains(ANY)) {
        this.patterns.add(
            Pattern.compile(Pattern.quote(pattern).replace(ANY, "\\E.*\\Q"), Pattern.DOTALL));
      } else {
        names.add(pattern);
      }
    }
  }

  public boolean match(String model) {
    if (isAll || names.contains(model)) {
      return true;
    }
    for (Pattern pattern : patterns) {
      if (pattern.matcher(model).matches()) {
        return true;
      }
    }
    return false;
  }
}
