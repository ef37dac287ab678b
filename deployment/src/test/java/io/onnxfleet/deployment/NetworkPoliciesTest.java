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
              if (documents.stream().anyMatch(Manifests.named("job-service"))) {
                talking.addAll(
                    List.of(
                        "gateway-service -> job-service",
                        "job-service -> gateway-service",
                        "job-service -> discovery"));
              }
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
              Set<String> scraped = new TreeSet<>();
              documents.stream()
                  .filter(Manifests.ofKind("PodMonitor"))
                  .forEach(
                      monitor ->
                          scraped.add(PROMETHEUS + " -> " + monitor.at("metadata/name").text()));
              assertThat(open(documents, "management")).as(overlay).isEqualTo(scraped);
              // Whoever is there and has metrics is watched, where anything is.
              if (!scraped.isEmpty()) {
                assertThat(scraped).as(overlay).hasSize(managed(documents));
              }
            });
  }

  private static int managed(List<Node> documents) {
    return (int)
        documents.stream()
            .filter(Manifests::isWorkload)
            .filter(workload -> declares(workload, "management"))
            .count();
  }

  /**
   * Nothing else is open to the job service but a database, a bucket or webhooks, if it has them.
   */
  @Test
  void jobService_leavesForItsDatabaseItsBucketAndItsWebhooksAlone() {
    Set<String> leaving = new TreeSet<>();
    Manifests.rendered()
        .forEach(
            (overlay, documents) -> {
              for (Node policy :
                  documents.stream().filter(Manifests.ofKind("NetworkPolicy")).toList()) {
                for (Node rule : policy.at("spec/egress").elements()) {
                  boolean isOfJobs = policy.at("spec/podSelector").text().contains("job-service");
                  boolean isOut = !rule.at("to").isPresent() || rule.at("to/0/ipBlock").isPresent();
                  if (isOfJobs && isOut) {
                    assertThat(rule.at("ports").elements()).as(overlay).hasSize(1);
                    leaving.add(overlay + ": " + rule.at("ports/0/port").text());
                  }
                }
              }
            });
    assertThat(leaving)
        .containsExactly(
            "jobs-postgresql: 5432", "jobs-s3: 443", "jobs-s3: 5432", "jobs-webhooks: 443");
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
    List<Node> targets = workloads.stream().filter(workload -> declares(workload, port)).toList();
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

  private static boolean declares(Node workload, String port) {
    return workload.at("spec/template/spec/containers/0/ports").elements().stream()
        .anyMatch(declared -> declared.at("name").text().equals(port));
  }
}
