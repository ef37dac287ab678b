package io.onnxfleet.deployment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PromQL expression, as far as it takes to see whether it keeps the fleets of namespaces apart.
 */
record Query(String text) {
  private static final String LABEL = "namespace";

  /** An aggregation with its clause, as far as that stands in front, where this project has it. */
  private static final Pattern AGGREGATION =
      Pattern.compile(
          "\\b(?:sum|min|max|avg|group|stddev|stdvar|count|count_values|bottomk|topk|quantile"
              + "|limitk|limit_ratio)\\s*(?:(by|without)\\s*\\(([^)]*)\\)\\s*)?\\(");

  private static final Pattern MATCHING = Pattern.compile("\\b(on|ignoring)\\s*\\(([^)]*)\\)");

  /** What has no labels, whatever it is asked of. */
  private static final Pattern WITHOUT_LABELS =
      Pattern.compile("\\b(?:scalar|absent|absent_over_time)\\s*\\(");

  private static final Pattern CLAUSE =
      Pattern.compile("\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");

  private static final Pattern RANGE = Pattern.compile("\\[[^]]*]");

  /** A function's name with its bracket, or a metric's with its matchers, or either alone. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?<![\\w.])[a-zA-Z_:][\\w:]*\\s*\\("
              + "|(?:(?<![\\w.])[a-zA-Z_:][\\w:]*)?\\{(?:\"[^\"]*\"|[^}\"])*}"
              + "|(?<![\\w.])[a-zA-Z_:][\\w:]*");

  private static final Set<String> KEYWORDS =
      Set.of("and", "or", "unless", "bool", "offset", "inf", "nan");

  /** The parts that add up, compare or count what is of several namespaces. */
  List<String> mixing() {
    String bare = text.replaceAll("\"[^\"]*\"", "\"\"");
    List<String> found = new ArrayList<>();
    Matcher aggregation = AGGREGATION.matcher(bare);
    while (aggregation.find()) {
      boolean by = "by".equals(aggregation.group(1));
      if (aggregation.group(1) == null || by != names(aggregation.group(2))) {
        found.add(aggregation.group());
      }
    }
    Matcher matching = MATCHING.matcher(bare);
    while (matching.find()) {
      if (matching.group(1).equals("on") != names(matching.group(2))) {
        found.add(matching.group());
      }
    }
    Matcher without = WITHOUT_LABELS.matcher(bare);
    while (without.find()) {
      found.add(without.group());
    }
    return found;
  }

  /** What it asks Prometheus for: metrics with their matchers. */
  List<String> selectors() {
    String bare = RANGE.matcher(CLAUSE.matcher(text).replaceAll("")).replaceAll("");
    List<String> found = new ArrayList<>();
    Matcher name = NAME.matcher(bare);
    while (name.find()) {
      String part = name.group();
      if (!part.endsWith("(") && !KEYWORDS.contains(part)) {
        found.add(part);
      }
    }
    return found;
  }

  /** The selectors that ask for more than one namespace. */
  List<String> selectorsBeyond(String namespace) {
    Pattern matcher =
        Pattern.compile("[{,]\\s*" + LABEL + "\\s*=\\s*\"" + Pattern.quote(namespace) + "\"");
    return selectors().stream().filter(selector -> !matcher.matcher(selector).find()).toList();
  }

  private static boolean names(String labels) {
    return Arrays.stream(labels.split(",", -1)).map(String::strip).anyMatch(LABEL::equals);
  }
}
