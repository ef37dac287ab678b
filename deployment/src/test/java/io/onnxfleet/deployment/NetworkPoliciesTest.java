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
  private static final String PROMETHEUS = "a pod in monitoring";
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
                          PROMETHEUS + " -> gateway-service"));
              if (documents.stream().anyMatch(Manifests.ofKind("PodMonitor"))) {
                talking.add(PROMETHEUS + " -> inference-service");
              }
              if (documents.stream().noneMatch(Manifests.named("discovery"))) {
                talking.removeIf(pair -> pair.contains("discovery"));
              }
              assertThat(open(documents)).as(overlay).isEqualTo(talking);
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

  private static Set<String> open(List<Node> documents) {
    NetworkRules rules = NetworkRules.of(documents);
    List<Node> workloads = documents.stream().filter(Manifests::isWorkload).toList();
    Set<String> open = new TreeSet<>();
    for (Node target : workloads) {
      String to = " -> " + target.at("metadata/name").text();
      for (Node source : workloads) {
        if (rules.lets(Pod.of(source), target, "http")) {
          open.add(source.at("metadata/name").text() + to);
        }
      }
      Map.of(PROMETHEUS, "monitoring", ANYBODY, "default")
          .forEach(
              (name, namespace) -> {
                if (rules.lets(Pod.outside(namespace), target, "http")) {
                  open.add(name + to);
                }
              });
    }
    return open;
  }
}
