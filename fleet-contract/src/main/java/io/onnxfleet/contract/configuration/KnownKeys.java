package io.onnxfleet.contract.configuration;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys under {@code fleet} that one process reads, and what is wrong with a key that is set.
 *
 * <ul>
 *   <li>Records are followed to their ends: through records in records, elements of lists and
 *       values of maps.
 *   <li>Every form that Spring binds is known: dashes, camel case, environment variables.
 *   <li>Keys of the fleet's other processes and of its build pass, since all may read one file;
 *       their own process holds them to account.
 * </ul>
 *
 * <p>Filled first, then read by any thread.
 */
public final class KnownKeys {
  private static final String ROOT = "fleet";

  /** The second word of keys that processes, scripts and the build read. */
  private static final Set<String> OWNERS =
      Set.of("gateway", "inference", "discovery", "optimizer", "benchmarks", "shared", "root");

  private final String owner;

  private final Node root = new Node();
  private final List<String> keys = new ArrayList<>();

  /**
   * No keys yet.
   *
   * @param owner the second word of this process's own keys
   */
  public KnownKeys(String owner) {
    this.owner = owner;
  }

  /** What may stand behind a part of a key. */
  private static final class Node {
    final Map<String, Node> parts = new LinkedHashMap<>();

    /** Of a list's element, or of a map's value. */
    @Nullable Node element;

    boolean isMap;

    /** A value may be set here. */
    boolean isValue;
  }

  /** Adds what a record reads below its prefix. */
  public void add(String prefix, Class<?> properties) {
    Node node = root;
    for (String part : prefix.split("\\.", -1)) {
      node = node.parts.computeIfAbsent(uniform(part), key -> new Node());
    }
    addRecord(node, prefix, properties);
  }

  private void addRecord(Node node, String key, Class<?> properties) {
    for (RecordComponent component : properties.getRecordComponents()) {
      String name = dashed(component.getName());
      Node part = node.parts.computeIfAbsent(uniform(name), any -> new Node());
      addType(part, key + "." + name, component.getGenericType());
    }
  }

  private void addType(Node node, String key, Type type) {
    if (type instanceof Class<?> plain && plain.isRecord()) {
      addRecord(node, key, plain);
      return;
    }
    node.isValue = true;
    if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
      Type[] arguments = generic.getActualTypeArguments();
      node.isMap = Map.class.isAssignableFrom(raw);
      if (node.isMap || Collection.class.isAssignableFrom(raw)) {
        Node element = new Node();
        node.element = element;
        Type held = arguments[arguments.length - 1];
        boolean parted = held instanceof Class<?> plain && plain.isRecord();
        addType(element, parted ? key + (node.isMap ? ".*" : "[]") : key, held);
        return;
      }
    }
    keys.add(key);
  }

  /**
   * What is wrong with a key that is set, or empty.
   *
   * @param key as it stands in a file, or an environment variable's name
   */
  public Optional<String> complaint(String key) {
    boolean known =
        key.startsWith("FLEET_")
            ? !key.startsWith("FLEET_" + owner.toUpperCase(Locale.ROOT) + "_")
                || matches(root, uniform(key))
            : !key.startsWith(ROOT + ".") || isOthers(key) || matches(root, partsOf(key), 0);
    return known
        ? Optional.empty()
        : Optional.of(
            "unknown key '%s' (the nearest known key is '%s')".formatted(key, nearest(key)));
  }

  private boolean isOthers(String key) {
    String second = key.substring(ROOT.length() + 1).split("[.\\[]", 2)[0];
    return OWNERS.contains(second) && !second.equals(owner);
  }

  /** {@code fleet.a-b[0].c} as fleet, ab, 0, c. */
  private static List<String> partsOf(String key) {
    List<String> parts = new ArrayList<>();
    for (String part : key.replace("]", "").split("[.\\[]", -1)) {
      parts.add(uniform(part));
    }
    return parts;
  }

  private static boolean matches(Node node, List<String> parts, int at) {
    if (at == parts.size()) {
      return node.isValue;
    }
    Node element = node.element;
    if (element != null) {
      return node.isMap
          ? !hasParts(element) || matches(element, parts, at + 1)
          : isNumber(parts.get(at)) && matches(element, parts, at + 1);
    }
    Node part = node.parts.get(parts.get(at));
    return part != null && matches(part, parts, at + 1);
  }

  /** The same for an environment variable, in whose name no part shows where it ends. */
  private static boolean matches(Node node, String rest) {
    if (rest.isEmpty()) {
      return node.isValue;
    }
    Node element = node.element;
    if (element != null) {
      if (node.isMap && !hasParts(element)) {
        return true;
      }
      for (int end = 1; end <= rest.length(); end++) {
        if ((node.isMap || isNumber(rest.substring(0, end)))
            && matches(element, rest.substring(end))) {
          return true;
        }
      }
      return false;
    }
    return node.parts.entrySet().stream()
        .anyMatch(
            part ->
                rest.startsWith(part.getKey())
                    && matches(part.getValue(), rest.substring(part.getKey().length())));
  }

  /** False where any key of a map will do, whatever dots are in it. */
  private static boolean hasParts(Node element) {
    return !element.parts.isEmpty();
  }

  private static boolean isNumber(String part) {
    return !part.isEmpty() && part.chars().allMatch(Character::isDigit);
  }

  /** The known key that is the fewest edits away. */
  private String nearest(String key) {
    String wanted = uniform(key.replaceAll("\\[\\d*]|_\\d+(?=_|$)", ""));
    return keys.stream()
        .min(
            Comparator.comparingInt((String known) -> distance(wanted, uniform(known)))
                .thenComparing(Comparator.naturalOrder()))
        .orElse("none");
  }

  /** Spring's forms of a name agree once case, dots, dashes and underscores are gone. */
  private static String uniform(String name) {
    return name.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
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

  /** Levenshtein's edit distance. */
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
