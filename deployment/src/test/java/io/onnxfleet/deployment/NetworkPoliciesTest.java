package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.deployment.NetworkRules.Pod;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Each pair that talks may, and no other pair does. */
class NetworkPoliciesTest {
  private static final String PROMETHEUS = "Prometheus";
  private static final String MONITORING = "a pod in monitoring";
  private static final String ANYBODY = "a pod in default";

  @Test
  void pairsThatTalk_areLetThrough_andNoOthers() {
    Manifests.rendered()
        .forEach(
            (overlay, documents) -> {
              Set<String> talking =
                  new TreeSet<>(
                      List.of(
                          "discovery -> discovery",
                          "gateway-service -> discovery",
                          "inference-service -> discovery",
                          "gateway-service -> inference-service",
                          "discovery -> gateway-service",
                          "gateway-service -> gateway-service",
                          ANYBODY + " -> gateway-service",
                          MONITORING + " -> gateway-service",
                          PROMETHEUS + " -> gateway-service"));
              if (documents.stream().noneMatch(Manifests.named("discovery"))) {
                talking.removeIf(pair -> pair.contains("discovery"));
              }
              assertThat(open(documents, "http")).as(overlay).isEqualTo(talking);
            });
  }

  /** Metrics ask nobody who they are. */
  @Test
  void metrics_areReachedByPrometheusAlone() {
    Manifests.rendered()
        .forEach(
            (overlay, documents) -> {
              boolean scraped = documents.stream().anyMatch(Manifests.ofKind("PodMonitor"));
              assertThat(open(documents, "management"))
                  .as(overlay)
                  .isEqualTo(
                      scraped
                          ? Set.of(
                              PROMETHEUS + " -> gateway-service",
                              PROMETHEUS + " -> inference-service")
                          : Set.of());
            });
  }

  @Test
  void everyPod_isSelected() {
    // Without a policy of its own a pod is open to all.
    for (List<Node> documents : Manifests.rendered().values()) {
      assertThat(documents)
          .anyMatch(
              document ->
                  Manifests.ofKind("NetworkPolicy").test(document)
                      && document.at("spec/podSelector").map().isEmpty()
                      && document.at("spec/policyTypes").elements().contains(new Node("Ingress")));
    }
  }

  private static Set<String> open(List<Node> documents, String port) {
    NetworkRules rules = NetworkRules.of(documents);
    List<Node> workloads = documents.stream().filter(Manifests::isWorkload).toList();
    List<Node> targets =
        workloads.stream()
            .filter(
                workload ->
                    workload.at("spec/template/spec/containers/0/ports").elements().stream()
                        .anyMatch(declared -> declared.at("name").text().equals(port)))
            .toList();
    Set<String> open = new TreeSet<>();
    for (Node target : targets) {
      String to = " -> " + target.at("metadata/name").text();
      for (Node source : workloads) {
        if (rules.lets(Pod.of(source), target, port)) {
          open.add(source.at("metadata/name").text() + to);
        }
      }
      Map.of(
              PROMETHEUS, Pod.prometheus(),
              MONITORING, Pod.outside("monitoring"),
              ANYBODY, Pod.outside("default"))
          .forEach(
              (name, pod) -> {
                if (rules.lets(pod, target, port)) {
                  open.add(name + to);
                }
              });
    }
    return open;
  }
}
