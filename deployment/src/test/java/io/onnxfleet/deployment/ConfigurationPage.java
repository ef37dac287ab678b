package io.onnxfleet.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The part of {@code docs/configuration.md} that is generated: every key of the services and of
 * what they share, as Spring's configuration processor finds it in the code, with its default and
 * what its Javadoc says.
 */
final class ConfigurationPage {
  static final String PATH = "docs/configuration.md";

  /** The last line that is written by hand. */
  static final String MARK = "<!-- Generated from here on: ";

  static final List<String> MODULES =
      List.of(
          "gateway-service",
          "inference-service",
          "discovery-server",
          "job-service",
          "fleet-configuration");

  private record Key(String name, String defaultValue, String description) {}

  private ConfigurationPage() {}

  /** What the page should be: the present one up to the mark, the rest from the code. */
  static String expected() throws IOException {
    String present = Repository.read(PATH);
    int mark = present.indexOf(MARK);
    if (mark < 0) {
      throw new IOException(PATH + " has no line '" + MARK + "...'");
    }
    int end = present.indexOf('\n', mark) + 1;
    return present.substring(0, end) + "\n" + generated();
  }

  private static String generated() throws IOException {
    Map<String, String> groups = new TreeMap<>();
    Map<String, Map<String, Key>> keys = new TreeMap<>();
    for (String module : MODULES) {
      read(module, groups, keys);
    }
    StringBuilder page = new StringBuilder();
    keys.forEach(
        (group, ofGroup) -> {
          page.append("## `").append(group).append(".`\n\n");
          String description = groups.getOrDefault(group, "");
          if (!description.isEmpty()) {
            page.append(description).append("\n\n");
          }
          page.append("| Key | Default | |\n|---|---|---|\n");
          ofGroup.values().stream()
              .sorted(Comparator.comparing(Key::name))
              .forEach(
                  key ->
                      page.append(
                          "| `%s` | %s | %s |\n"
                              .formatted(key.name(), key.defaultValue(), key.description())));
          page.append('\n');
        });
    return page.toString().stripTrailing() + "\n";
  }

  private static void read(
      String module, Map<String, String> groups, Map<String, Map<String, Key>> keys)
      throws IOException {
    Path classes = Repository.path(module + "/target/classes");
    if (!Files.isDirectory(classes)) {
      throw new IOException(
          "%s is not built (expected: %s before deployment)"
              .formatted(module, String.join(", ", MODULES)));
    }
    Path file = classes.resolve("META-INF/spring-configuration-metadata.json");
    if (!Files.exists(file)) {
      return;
    }
    Node metadata = Node.ofJson(Files.readString(file));
    for (Node group : metadata.at("groups").elements()) {
      groups.merge(
          group.at("name").text(),
          markdown(group.at("description")),
          (left, right) -> left.isEmpty() ? right : left);
    }
    for (Node property : metadata.at("properties").elements()) {
      String name = property.at("name").text();
      if (!name.startsWith("fleet.") || groups.containsKey(name)) {
        continue;
      }
      int dot = name.lastIndexOf('.');
      keys.computeIfAbsent(name.substring(0, dot), group -> new TreeMap<>())
          .putIfAbsent(
              name,
              new Key(
                  name.substring(dot + 1),
                  value(property.at("defaultValue")),
                  markdown(property.at("description"))));
    }
  }

  /** A list is written as it is given: with commas, without brackets. */
  private static String value(Node node) {
    String text = node.isPresent() ? node.text().replaceAll("^\\[(.*)]$", "$1") : "";
    return text.isEmpty() ? "" : "`" + text + "`";
  }

  private static String markdown(Node description) {
    return description.isPresent()
        ? description
            .text()
            .replaceAll("\\{@(?:code|value) ([^}]*)}", "`$1`")
            .replaceAll("\\{@link #?([^}]*)}", "`$1`")
            .replaceAll("</?p>", "")
            .replaceAll("\\s+", " ")
            .replace("|", "\\|")
            .trim()
        : "";
  }
}
