package io.onnxfleet.deployment;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * The chart makes what kustomize makes, and each of its values changes what it says and no more.
 */
class ChartTest {
  private static final String EXAMPLE_SOURCE = "https://models.example/models.zip";

  /** The values that make what each overlay, and each component by itself, makes. */
  private static final Map<String, Map<String, ?>> SETTINGS =
      new TreeMap<>(
          Map.ofEntries(
              entry("cpu", Map.of()),
              entry("monitoring", Map.of("autoscaling.by", "load", "monitoring.enabled", true)),
              entry("keda", Map.of("autoscaling.by", "keda", "monitoring.enabled", true)),
              entry("gpu", Map.of("autoscaling.by", "none", "inference.gpu.enabled", true)),
              entry(
                  "gpu-mig",
                  Map.of(
                      "autoscaling.by", "none",
                      "inference.gpu.enabled", true,
                      "inference.gpu.resource", "nvidia.com/mig-1g.10gb")),
              entry(
                  "gpu-monitoring",
                  Map.of(
                      "autoscaling.by", "load",
                      "monitoring.enabled", true,
                      "inference.gpu.enabled", true)),
              entry("models-pvc", Map.of("models.claim.enabled", true)),
              entry("graph-cache-pvc", Map.of("graphCache.claim.enabled", true)),
              entry("ingress", Map.of("ingress.enabled", true)),
              entry("httproute", Map.of("httpRoute.enabled", true)),
              entry("without-registry", Map.of("discovery.enabled", false)),
              entry("mutual-tls", Map.of("security.mutualTls", true)),
              entry("jobs", Map.of("jobs.enabled", true)),
              entry(
                  "jobs-postgresql",
                  Map.of(
                      "jobs.enabled",
                      true,
                      "jobs.postgresql.enabled",
                      true,
                      "jobs.replicas",
                      2,
                      "jobs.claim.accessMode",
                      "ReadWriteMany")),
              entry(
                  "jobs-s3",
                  Map.of(
                      "jobs.enabled",
                      true,
                      "jobs.postgresql.enabled",
                      true,
                      "jobs.s3.enabled",
                      true,
                      "jobs.replicas",
                      2)),
              entry("jobs-webhooks", Map.of("jobs.enabled", true, "jobs.webhooks.enabled", true)),
              entry(
                  "jobs-monitoring",
                  Map.of(
                      "jobs.enabled", true, "autoscaling.by", "load", "monitoring.enabled", true)),
              entry("jobs-mutual-tls", Map.of("jobs.enabled", true, "security.mutualTls", true)),
              entry(
                  "model-sources",
                  Map.of("models.sources", List.of(Map.of("url", EXAMPLE_SOURCE))))));

  @Test
  void chart_passesHelmsOwnChecks() {
    assertThat(Chart.lint().isFailed()).as("%s", Chart.lint().getMessages()).isFalse();
  }

  @Test
  void chart_makesWhatEachOverlayMakes() {
    assertThat(SETTINGS.keySet()).isEqualTo(Manifests.rendered().keySet());
    SETTINGS.forEach(
        (overlay, settings) -> {
          Map<String, Object> values = new HashMap<>(settings);
          values.put("namespace.create", true);
          Map<String, Node> made = Chart.render(values);
          Map<String, Node> expected = Manifests.byName(Manifests.of(overlay).toList());
          assertThat(made.keySet()).as(overlay).isEqualTo(expected.keySet());
          assertThat(fields(made)).as(overlay).isEqualTo(fields(expected));
          assertThat(made).as(overlay).isEqualTo(expected);
        });
  }

  @Test
  void objects_areInTheReleasesNamespace() {
    Map<String, Node> made =
        Chart.render("elsewhere", Map.of("monitoring.enabled", true, "namespace.create", true));
    made.forEach(
        (name, object) ->
            assertThat(
                    object
                        .at(name.startsWith("Namespace/") ? "metadata/name" : "metadata/namespace")
                        .text())
                .as(name)
                .isEqualTo("elsewhere"));
    assertThat(made).containsKey("Namespace/elsewhere");
  }

  @Test
  void everyValue_isInTheSchemaWithItsDefault() throws IOException {
    Set<String> known = new TreeSet<>(leaves(Chart.schema()).keySet());
    Set<String> named = new TreeSet<>();
    names("", Chart.values(), known, named);
    assertThat(named).isEqualTo(known);
    assertThat(named).hasSizeGreaterThan(60);
  }

  @Test
  void eachValue_changesTheFieldsThatItsSchemaNames_andNoOthers() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Node> leaf : leaves(Chart.schema()).entrySet()) {
      Node schema = leaf.getValue();
      Map<String, Object> values = new HashMap<>();
      schema.member("x-with").map().forEach((name, value) -> values.put(name.toString(), value));
      Map<String, String> before = fields(Chart.render(values));
      values.put(leaf.getKey(), Objects.requireNonNull(schema.at("examples/0").value()));
      Map<String, String> after = fields(Chart.render(values));

      Set<String> changed = new TreeSet<>(before.keySet());
      changed.addAll(after.keySet());
      changed.removeIf(field -> Objects.equals(before.get(field), after.get(field)));
      List<String> named = schema.member("x-changes").elements().stream().map(Node::text).toList();
      if (named.isEmpty()) {
        wrong.add(leaf.getKey() + ": x-changes names no field");
      }
      for (String field : named) {
        if (changed.stream().noneMatch(path -> isWithin(path, field))) {
          wrong.add(leaf.getKey() + ": does not change " + field);
        }
      }
      for (String path : changed) {
        if (named.stream().noneMatch(field -> isWithin(path, field))) {
          wrong.add(leaf.getKey() + ": changes " + path);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void wrongValue_isRefusedByName() {
    assertThatThrownBy(() -> Chart.render(Map.of("gateway.resourcs", "none")))
        .hasMessageContaining("resourcs");
    assertThatThrownBy(() -> Chart.render(Map.of("autoscaling.by", "hope")))
        .hasMessageContaining("/autoscaling/by")
        .hasMessageContaining("'keda'");
    assertThatThrownBy(() -> Chart.render(Map.of("gateway.autoscaling.minReplicas", "two")))
        .hasMessageContaining("minReplicas");
    assertThatThrownBy(() -> Chart.render(Map.of("autoscaling.by", "load")))
        .hasMessageContaining("monitoring.enabled: false");
    assertThatThrownBy(() -> Chart.render(Map.of("jobs.enabled", true, "discovery.enabled", false)))
        .hasMessageContaining("discovery.enabled: false");
    assertThatThrownBy(() -> Chart.render(Map.of("jobs.enabled", true, "jobs.replicas", 2)))
        .hasMessageContaining("jobs.postgresql.enabled: false");
    assertThatThrownBy(
            () ->
                Chart.render(
                    Map.of(
                        "jobs.enabled", true,
                        "jobs.replicas", 2,
                        "jobs.postgresql.enabled", true)))
        .hasMessageContaining("ReadWriteOnce")
        .hasMessageContaining("ReadWriteMany");
    assertThatThrownBy(() -> Chart.render(Map.of("jobs.enabled", true, "jobs.s3.enabled", true)))
        .hasMessageContaining("jobs.postgresql.enabled: false");
    assertThatThrownBy(
            () ->
                Chart.render(Map.of("models.sources", List.of(Map.of("url", "ftp://a.example/")))))
        .hasMessageContaining("url");
  }

  /** Every scalar of every object: {@code Kind/name: path}, list elements by their names. */
  private static Map<String, String> fields(Map<String, Node> objects) {
    Map<String, String> fields = new TreeMap<>();
    objects.forEach((name, object) -> collect(name + ": ", object, fields));
    return fields;
  }

  private static void collect(String path, Node node, Map<String, String> fields) {
    if (!node.map().isEmpty()) {
      String separator = path.endsWith(": ") ? "" : ".";
      node.map().forEach((key, value) -> collect(path + separator + key, new Node(value), fields));
    } else if (!node.elements().isEmpty()) {
      List<Node> elements = node.elements();
      boolean areNamed =
          elements.stream().map(element -> element.at("name").value()).distinct().count()
                  == elements.size()
              && elements.stream().allMatch(element -> element.at("name").isPresent());
      for (int index = 0; index < elements.size(); index++) {
        Node element = elements.get(index);
        String key = areNamed ? element.at("name").text() : Integer.toString(index);
        collect(path + "[" + key + "]", element, fields);
      }
    } else {
      fields.put(path, node.text());
    }
  }

  /** A field is the named one or a part of it. */
  private static boolean isWithin(String path, String named) {
    return path.equals(named)
        || path.startsWith(named + ":")
        || path.startsWith(named + ".")
        || path.startsWith(named + "[");
  }

  /** The schema's values that change something, by dotted names. */
  private static Map<String, Node> leaves(Node schema) {
    Map<String, Node> leaves = new TreeMap<>();
    leaves("", schema, leaves);
    return leaves;
  }

  private static void leaves(String prefix, Node schema, Map<String, Node> leaves) {
    schema
        .at("properties")
        .map()
        .forEach(
            (key, value) -> {
              Node child = new Node(value);
              String name = prefix + key;
              if (child.member("x-changes").isPresent()) {
                leaves.put(name, child);
              } else {
                leaves(name + ".", child, leaves);
              }
            });
  }

  private static void names(String prefix, Node values, Set<String> known, Set<String> named) {
    values
        .map()
        .forEach(
            (key, value) -> {
              String name = prefix + key;
              if (known.contains(name) || !(value instanceof Map<?, ?>)) {
                named.add(name);
              } else {
                names(name + ".", new Node(value), known, named);
              }
            });
  }
}
