package io.onnxfleet.launcher.jobs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a command of {@code ./fleet jobs} is told.
 *
 * @param others what is no option
 */
record JobsOptions(String command, Map<String, String> values, List<String> others) {
  static final String URL = "--url";
  static final String WAIT = "--wait";
  static final String ENDPOINT = "--endpoint";
  static final String WINDOW = "--window";
  static final String OUTPUT = "--output";
  static final String ERRORS = "--errors";
  static final String LIMIT = "--limit";

  private static final Map<String, List<String>> KNOWN =
      Map.of(
          "submit", List.of(ENDPOINT, WINDOW, WAIT),
          "list", List.of(LIMIT),
          "watch", List.of(),
          "results", List.of(OUTPUT, ERRORS),
          "cancel", List.of());

  JobsOptions {
    values = Map.copyOf(values);
    others = List.copyOf(others);
  }

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException if a command or an option is unknown or wrong
   */
  static JobsOptions of(List<String> arguments) {
    String command = arguments.isEmpty() ? "" : arguments.getFirst();
    List<String> known = KNOWN.get(command);
    if (known == null) {
      throw new IllegalArgumentException(
          "jobs: '%s' (expected: submit, list, watch, results or cancel; ./fleet jobs --help)"
              .formatted(command));
    }
    Map<String, String> values = new HashMap<>();
    List<String> others = new ArrayList<>();
    for (Iterator<String> left = arguments.subList(1, arguments.size()).iterator();
        left.hasNext(); ) {
      String next = left.next();
      if (!next.startsWith("--")) {
        others.add(next);
        continue;
      }
      int at = next.indexOf('=');
      String name = at < 0 ? next : next.substring(0, at);
      if (!name.equals(URL) && !known.contains(name)) {
        throw new IllegalArgumentException(
            "jobs %s: unknown option '%s' (expected: %s)"
                .formatted(command, name, String.join(", ", expected(known))));
      }
      if (name.equals(WAIT)) {
        values.put(name, "");
      } else if (at >= 0) {
        values.put(name, next.substring(at + 1));
      } else if (left.hasNext()) {
        values.put(name, left.next());
      } else {
        throw new IllegalArgumentException(name + " needs a value");
      }
    }
    return new JobsOptions(command, values, others);
  }

  private static List<String> expected(List<String> known) {
    List<String> all = new ArrayList<>(known);
    all.add(URL);
    return all;
  }

  @Nullable String value(String name) {
    return values.get(name);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  /** The one thing that the command is about. */
  String only(String what) {
    if (others.size() != 1) {
      throw new IllegalArgumentException(
          "jobs %s: %d arguments (expected: %s)".formatted(command, others.size(), what));
    }
    return others.getFirst();
  }

  void requireNoOthers() {
    if (!others.isEmpty()) {
      throw new IllegalArgumentException(
          "jobs %s: '%s' (expected: options only)".formatted(command, others.getFirst()));
    }
  }
}
