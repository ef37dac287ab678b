package io.onnxfleet.inference.configuration;

import java.lang.reflect.RecordComponent;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * The keys that properties records read. Keys are compared without dashes and case, and those of
 * environment variables without dots too, because their names lose them.
 */
final class KnownKeys {
  private final Set<String> keys = new HashSet<>();
  private final Set<String> uniformKeys = new HashSet<>();
  private final Set<String> uniformMaps = new HashSet<>();

  /** Adds what a record reads below its prefix. */
  void add(String prefix, Class<?> properties) {
    for (RecordComponent component : properties.getRecordComponents()) {
      String key = prefix + "." + dashed(component.getName());
      Class<?> type = component.getType();
      if (type.isRecord()) {
        add(key, type);
        continue;
      }
      keys.add(key);
      uniformKeys.add(uniform(key));
      if (Map.class.isAssignableFrom(type)) {
        uniformMaps.add(uniform(key));
      }
    }
  }

  boolean contains(ConfigurationPropertyName name) {
    String uniform = uniform(withoutIndex(name));
    return uniformKeys.contains(uniform) || uniformMaps.stream().anyMatch(uniform::startsWith);
  }

  /** The known key that is the fewest edits away. */
  String nearest(ConfigurationPropertyName name) {
    String wanted = withoutIndex(name);
    return keys.stream()
        .min(
            Comparator.comparingInt((String key) -> distance(wanted, key))
                .thenComparing(Comparator.naturalOrder()))
        .orElse("none");
  }

  private static String withoutIndex(ConfigurationPropertyName name) {
    String text = name.toString();
    int index = text.indexOf('[');
    return index < 0 ? text : text.substring(0, index);
  }

  private static String uniform(String key) {
    return key.replace("-", "").replace(".", "");
  }

  private static String dashed(String camelCase) {
    StringBuilder dashed = new StringBuilder();
    for (int index = 0; index < camelCase.length(); index++) {
      char letter = camelCase.charAt(index);
      if (Character.isUpperCase(letter)) {
        dashed.append('-');
      }
      dashed.append(Character.toLowerCase(letter));
    }
    return dashed.toString();
  }

  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int column = 0; column <= to.length(); column++) {
      previous[column] = column;
    }
    for (int row = 1; row <= from.length(); row++) {
      int[] current = new int[to.length() + 1];
      current[0] = row;
      for (int column = 1; column <= to.length(); column++) {
        int change = from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1;
        current[column] =
            Math.min(
                previous[column - 1] + change, Math.min(previous[column], current[column - 1]) + 1);
      }
      previous = current;
    }
    return previous[to.length()];
  }
}
