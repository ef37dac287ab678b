package io.onnxfleet.deployment;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * What {@code kubectl kustomize} makes of each overlay, and of an overlay with each component that
 * none takes. Without kubectl the tests that ask are left out, except where {@code CI} is set:
 * there they fail.
 */
final class Manifests {
  /** What the fleet is deployed into. */
  static final String NAMESPACE = "onnx-fleet";

  static final String NAME = "app.kubernetes.io/name";

  /** What a cluster brings besides what an overlay holds. */
  enum Prerequisite {
    METRICS_SERVER,
    PROMETHEUS_OPERATOR,
    PROMETHEUS_ADAPTER,
    KEDA
  }

  /** Each overlay, and what its page asks of the cluster. */
  static final Map<String, Set<Prerequisite>> OVERLAYS =
      new TreeMap<>(
          Map.of(
              "cpu", Set.of(Prerequisite.METRICS_SERVER),
              "gpu", Set.of(Prerequisite.METRICS_SERVER),
              "gpu-mig", Set.of(Prerequisite.METRICS_SERVER),
              "gpu-monitoring",
                  Set.of(
                      Prerequisite.METRICS_SERVER,
                      Prerequisite.PROMETHEUS_OPERATOR,
                      Prerequisite.PROMETHEUS_ADAPTER),
              "keda",
                  Set.of(
                      Prerequisite.METRICS_SERVER,
                      Prerequisite.PROMETHEUS_OPERATOR,
                      Prerequisite.KEDA),
              "monitoring",
                  Set.of(
                      Prerequisite.METRICS_SERVER,
                      Prerequisite.PROMETHEUS_OPERATOR,
                      Prerequisite.PROMETHEUS_ADAPTER)));

  /**
   * What a user composes: an overlay, and components on top.
   *
   * @param patches further lines of the kustomization, as the documentation has them
   */
  record Composition(String overlay, List<String> components, String patches) {
    static Composition of(String overlay, String... components) {
      return new Composition(overlay, List.of(components), "");
    }
  }

  private static final Set<String> WORKLOADS = Set.of("Deployment", "StatefulSet");

  /** As docs/operations.md says it. */
  private static final String SOURCE =
      """
      patches:
        - patch: |
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: inference-service}
            spec:
              template:
                spec:
                  containers:
                    - name: inference-service
                      env:
                        - {name: FLEET_INFERENCE_SOURCES_0_URL, value: "https://models.example/models.zip"}
      """;

  /** As docs/jobs.md says it. */
  private static final String TWO_JOB_SERVICES =
      """
      replicas:
        - {name: job-service, count: 2}
      """;

  /** As docs/jobs.md says it. */
  private static final String SEVERAL_JOB_SERVICES =
      TWO_JOB_SERVICES
          + """
      patches:
        - patch: |
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: jobs}
            spec: {accessModes: [ReadWriteMany]}
      """;

  /** Components that no overlay takes, each with what it needs, by its name. */
  static final Map<String, Composition> FURTHER =
      new TreeMap<>(
          Map.ofEntries(
              entry("models-pvc", Composition.of("cpu", "models-pvc")),
              entry("graph-cache-pvc", Composition.of("cpu", "graph-cache-pvc")),
              entry("model-sources", new Composition("cpu", List.of("model-sources"), SOURCE)),
              entry("ingress", Composition.of("cpu", "ingress")),
              entry("httproute", Composition.of("cpu", "httproute")),
              entry("without-registry", Composition.of("cpu", "without-registry")),
              entry("mutual-tls", Composition.of("cpu", "mutual-tls")),
              entry("jobs", Composition.of("cpu", "jobs")),
              entry(
                  "jobs-postgresql",
                  new Composition("cpu", List.of("jobs", "jobs-postgresql"), SEVERAL_JOB_SERVICES)),
              entry(
                  "jobs-s3",
                  new Composition(
                      "cpu", List.of("jobs", "jobs-postgresql", "jobs-s3"), TWO_JOB_SERVICES)),
              entry("jobs-webhooks", Composition.of("cpu", "jobs", "jobs-webhooks")),
              entry("jobs-monitoring", Composition.of("monitoring", "jobs", "jobs-monitoring")),
              entry(
                  "jobs-mutual-tls",
                  Composition.of("cpu", "mutual-tls", "jobs", "jobs-mutual-tls"))));

  private static @Nullable Map<String, List<Node>> rendered;

  private Manifests() {}

  /** The documents of each overlay by its name. */
  static synchronized Map<String, List<Node>> rendered() {
    Map<String, List<Node>> known = rendered;
    if (known == null) {
      known = new TreeMap<>();
      for (String overlay : OVERLAYS.keySet()) {
        known.put(overlay, render(Repository.path("k8s/overlays/" + overlay)));
      }
      for (Map.Entry<String, Composition> further : FURTHER.entrySet()) {
        known.put(further.getKey(), render(composed(further.getKey(), further.getValue())));
      }
      rendered = known;
    }
    return known;
  }

  /** What the cluster brings where it is rendered for. */
  static Set<Prerequisite> cluster(String name) {
    Composition further = FURTHER.get(name);
    return Objects.requireNonNull(OVERLAYS.get(further == null ? name : further.overlay()), name);
  }

  static List<Node> documents() {
    return rendered().values().stream().flatMap(List::stream).toList();
  }

  static List<Node> workloads() {
    return documents().stream().filter(Manifests::isWorkload).toList();
  }

  static List<Node> workloads(String name) {
    return workloads().stream().filter(named(name)).toList();
  }

  static Node workload(String overlay, String name) {
    return of(overlay).filter(Manifests::isWorkload).filter(named(name)).findFirst().orElseThrow();
  }

  static Stream<Node> of(String overlay) {
    return rendered().getOrDefault(overlay, List.of()).stream();
  }

  static Predicate<Node> ofKind(String kind) {
    return document -> document.at("kind").text().equals(kind);
  }

  static Predicate<Node> named(String name) {
    return document -> document.at("metadata/name").text().equals(name);
  }

  /** Objects by kind and name, which no two share. */
  static Map<String, Node> byName(List<Node> documents) {
    Map<String, Node> byName = new TreeMap<>();
    for (Node document : documents) {
      assertThat(byName.put(describe(document), document)).as(describe(document)).isNull();
    }
    return byName;
  }

  static boolean isWorkload(Node document) {
    return WORKLOADS.contains(document.at("kind").text());
  }

  static String describe(Node document) {
    return document.at("kind").text() + "/" + document.at("metadata/name").text();
  }

  /** True if a selector's labels are all among those given; an empty selector takes everything. */
  static boolean selects(Node selector, Map<?, ?> labels) {
    return labels.entrySet().containsAll(selector.at("matchLabels").map().entrySet());
  }

  /** The labels of a workload's pods. */
  static Map<?, ?> podLabels(Node workload) {
    return workload.at("spec/template/metadata/labels").map();
  }

  private static List<Node> render(Path folder) {
    try {
      ProcessBuilder command = new ProcessBuilder("kubectl", "kustomize", folder.toString());
      command.redirectErrorStream(true);
      Process process;
      try {
        process = command.start();
      } catch (IOException missing) {
        assertThat(System.getenv("CI")).as("CI is set, and there is no kubectl").isNull();
        Assumptions.abort("no kubectl: the manifests are left out");
        return List.of();
      }
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as("kubectl kustomize %s: %s", folder, text).isZero();
      return Node.ofYaml(text);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  private static Path composed(String name, Composition composition) {
    StringBuilder content = new StringBuilder();
    content.append("resources: [../../../../k8s/overlays/%s]\n".formatted(composition.overlay()));
    content.append("components:\n");
    for (String component : composition.components()) {
      content.append("  - ../../../../k8s/components/%s\n".formatted(component));
    }
    return composed(name, content + composition.patches());
  }

  /** The base whose images come from a registry of the user's, and GPU replicas on top of it. */
  static List<Node> withRegistryAndGpu(String registry) {
    StringBuilder base = new StringBuilder("resources: [../../../../k8s/base]\nimages:\n");
    for (String image :
        List.of("discovery-server", "gateway-service", "inference-service", "models")) {
      base.append(
          "  - {name: onnx-fleet/%s, newName: %s/onnx-fleet/%s}\n"
              .formatted(image, registry, image));
    }
    Path ofRegistry = composed("registry", base.toString());
    return render(
        composed(
            "registry-gpu",
            """
            resources: [../%s]
            components: [../../../../k8s/components/gpu]
            """
                .formatted(ofRegistry.getFileName())));
  }

  /**
   * An overlay in another namespace, with the folder that carries it into the overlay's objects.
   */
  static List<Node> elsewhere(String overlay, String transformer, String namespace) {
    return render(
        composed(
            "elsewhere-" + overlay,
            namespace,
            """
            resources: [../../../../k8s/overlays/%s]
            transformers: [../../../../k8s/components/%s]
            """
                .formatted(overlay, transformer)));
  }

  private static Path composed(String name, String content) {
    return composed(name, NAMESPACE, content);
  }

  private static Path composed(String name, String namespace, String content) {
    try {
      Path folder = Files.createDirectories(Repository.path("deployment/target/composed/" + name));
      Files.writeString(
          folder.resolve("kustomization.yaml"),
          """
          apiVersion: kustomize.config.k8s.io/v1beta1
          kind: Kustomization
          namespace: %s
          """
                  .formatted(namespace)
              + content);
      return folder;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
