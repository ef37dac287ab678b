package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;

/**
 * What Helm's own library makes of {@code k8s/}. Where that library has no native part for the
 * machine the tests that ask are left out, except where {@code CI} is set: there they fail.
 */
final class Chart {
  private static final Path FOLDER = Repository.path("k8s");

  /** What Helm adds to every object. */
  private static final List<String> LABELS =
      List.of("app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "helm.sh/chart");

  private Chart() {}

  static Node values() throws IOException {
    return Repository.yaml("k8s/values.yaml");
  }

  static Node schema() throws IOException {
    return Repository.yaml("k8s/values.schema.json");
  }

  static LintResult lint() {
    requireLibrary();
    return new Helm(FOLDER).lint().strict().call();
  }

  /** The objects by kind and name, without the labels that Helm adds. */
  static Map<String, Node> render(Map<String, ?> values) {
    return render(Manifests.NAMESPACE, values);
  }

  /** Throws an {@link IllegalStateException} with Helm's words where it refuses the values. */
  static Map<String, Node> render(String namespace, Map<String, ?> values) {
    requireLibrary();
    try {
      Path file = Files.createTempFile("values", ".json");
      try {
        Files.writeString(file, new Gson().toJson(nested(values)));
        String text =
            new Helm(FOLDER)
                .template()
                .withName("release")
                .withNamespace(namespace)
                .withKubeVersion("1.36.0")
                .withValuesFile(file)
                .call();
        List<Node> documents =
            Node.ofYaml(text).stream()
                .filter(Node::isPresent)
                .map(document -> document.without("metadata/labels", LABELS))
                .toList();
        return Manifests.byName(documents);
      } finally {
        Files.delete(file);
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Values by dotted names as Helm's {@code --set} takes them, in the form of values.yaml. */
  private static Map<String, Object> nested(Map<String, ?> dotted) {
    Map<String, Object> all = new LinkedHashMap<>();
    new TreeMap<>(dotted)
        .forEach(
            (name, value) -> {
              Map<String, Object> within = all;
              String[] steps = name.split("\\.", -1);
              for (int step = 0; step < steps.length - 1; step++) {
                @SuppressWarnings("unchecked")
                Map<String, Object> next =
                    (Map<String, Object>)
                        Objects.requireNonNull(
                            within.computeIfAbsent(steps[step], key -> new LinkedHashMap<>()));
                within = next;
              }
              within.put(steps[steps.length - 1], value);
            });
    return all;
  }

  private static void requireLibrary() {
    try {
      Helm.version().call();
    } catch (IllegalStateException | LinkageError missing) {
      assertThat(System.getenv("CI")).as("CI is set, and Helm's library: %s", missing).isNull();
      Assumptions.abort("no Helm library for this machine: the chart is left out");
    }
  }
}
