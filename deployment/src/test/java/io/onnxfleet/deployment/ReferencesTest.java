package io.onnxfleet.deployment;

import static io.onnxfleet.deployment.Manifests.describe;
import static io.onnxfleet.deployment.Manifests.isWorkload;
import static io.onnxfleet.deployment.Manifests.named;
import static io.onnxfleet.deployment.Manifests.ofKind;
import static io.onnxfleet.deployment.Manifests.podLabels;
import static io.onnxfleet.deployment.Manifests.selects;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.deployment.Manifests.Prerequisite;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a manifest names is there, in the same namespace, under that name. */
class ReferencesTest {
  private static final Set<String> WITHOUT_NAMESPACE = Set.of("Namespace");
  private static final Pattern PEER = Pattern.compile("//([a-z-]+)-(\\d+)\\.([a-z-]+):(\\d+)/");
  private static final Pattern METER = Pattern.compile("fleet_[a-z_]+");

  /** Endings that Prometheus' names have and Micrometer's do not. */
  private static final String ENDINGS = "_(seconds_count|seconds_bucket|seconds|total|ratio)$";

  @Test
  void everyObject_isInTheFleetsNamespace() {
    for (Node document : Manifests.documents()) {
      if (!WITHOUT_NAMESPACE.contains(document.at("kind").text())) {
        assertThat(document.at("metadata/namespace").text())
            .as(describe(document))
            .isEqualTo(Manifests.NAMESPACE);
      }
    }
  }

  @Test
  void autoscalers_scaleWhatIsThere() {
    int targets = 0;
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node document : documents) {
        Node target = document.at("spec/scaleTargetRef");
        if (target.isPresent()) {
          targets++;
          String kind = target.at("kind").isPresent() ? target.at("kind").text() : "Deployment";
          assertThat(documents)
              .as("%s scales %s", describe(document), target.text())
              .anyMatch(ofKind(kind).and(named(target.at("name").text())));
        }
      }
    }
    assertThat(targets).isGreaterThan(Manifests.OVERLAYS.size());
  }

  @Test
  void autoscalers_haveMetricsThatSomebodyProvides() throws IOException {
    Set<String> adapted = new HashSet<>();
    for (Node rule : Repository.yaml("k8s/adapter-values.yaml").at("rules/custom").elements()) {
      adapted.add(rule.at("name/as").text());
    }
    for (Map.Entry<String, List<Node>> overlay : Manifests.rendered().entrySet()) {
      Set<Prerequisite> cluster = Manifests.cluster(overlay.getKey());
      for (Node document : overlay.getValue()) {
        String who = overlay.getKey() + ": " + describe(document);
        for (Node metric : document.at("spec/metrics").elements()) {
          if (metric.at("type").text().equals("Resource")) {
            assertThat(cluster).as(who).contains(Prerequisite.METRICS_SERVER);
          } else {
            assertThat(metric.at("type").text()).as(who).isEqualTo("Pods");
            assertThat(cluster).as(who).contains(Prerequisite.PROMETHEUS_ADAPTER);
            assertThat(adapted).as(who).contains(metric.at("pods/metric/name").text());
            requireScraped(overlay.getValue(), document.at("spec/scaleTargetRef/name").text(), who);
          }
        }
        for (Node trigger : document.at("spec/triggers").elements()) {
          assertThat(cluster).as(who).contains(Prerequisite.KEDA, Prerequisite.PROMETHEUS_OPERATOR);
          for (String workload : exporters(trigger.at("metadata/query").text())) {
            requireScraped(overlay.getValue(), workload, who);
          }
        }
        if (document.at("apiVersion").text().startsWith("monitoring.coreos.com/")) {
          assertThat(cluster).as(who).contains(Prerequisite.PROMETHEUS_OPERATOR);
        }
        if (document.at("apiVersion").text().startsWith("keda.sh/")) {
          assertThat(cluster).as(who).contains(Prerequisite.KEDA);
        }
      }
    }
  }

  /** The services that export what a query asks for. */
  private static Set<String> exporters(String query) throws IOException {
    Set<String> workloads = new HashSet<>();
    Matcher meter = METER.matcher(query);
    while (meter.find()) {
      String name = meter.group();
      List<String> found = new ArrayList<>();
      for (String service : List.of("gateway-service", "inference-service")) {
        List<String> exported = Repository.meters(service);
        if (exported.contains(name) || exported.contains(name.replaceAll(ENDINGS, ""))) {
          found.add(service);
        }
      }
      assertThat(found).as("exporters of %s", name).isNotEmpty();
      workloads.addAll(found);
    }
    assertThat(workloads).as(query).isNotEmpty();
    return workloads;
  }

  /** A monitor finds the workload's pods, and the way from Prometheus to them is open. */
  private static void requireScraped(List<Node> documents, String name, String who) {
    Node workload =
        documents.stream()
            .filter(document -> isWorkload(document) && named(name).test(document))
            .findFirst()
            .orElseThrow();
    List<Node> ports = new ArrayList<>();
    for (Node document : documents) {
      Node selector = document.at("spec/selector");
      if (ofKind("PodMonitor").test(document) && selects(selector, podLabels(workload))) {
        ports.addAll(document.at("spec/podMetricsEndpoints").elements());
      } else if (ofKind("ServiceMonitor").test(document)
          && documents.stream()
              .filter(ofKind("Service"))
              .filter(service -> selects(selector, service.at("metadata/labels").map()))
              .anyMatch(
                  service ->
                      podLabels(workload)
                          .entrySet()
                          .containsAll(service.at("spec/selector").map().entrySet()))) {
        ports.addAll(document.at("spec/endpoints").elements());
      }
    }
    assertThat(ports).as("%s: monitors of %s", who, name).isNotEmpty();
    for (Node port : ports) {
      assertThat(
              NetworkRules.of(documents)
                  .lets(NetworkRules.Pod.prometheus(), workload, port.at("port").text()))
          .as("%s: Prometheus reaches %s", who, name)
          .isTrue();
    }
  }

  @Test
  void monitors_findPortsThatAreThere() {
    int endpoints = 0;
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node document : documents) {
        Node selector = document.at("spec/selector");
        for (Node endpoint : document.at("spec/podMetricsEndpoints").elements()) {
          endpoints++;
          assertThat(documents.stream().filter(Manifests::isWorkload))
              .as(describe(document))
              .anyMatch(
                  workload ->
                      selects(selector, podLabels(workload))
                          && ports(workload).contains(endpoint.at("port").text()));
        }
        for (Node endpoint : document.at("spec/endpoints").elements()) {
          endpoints++;
          assertThat(documents.stream().filter(ofKind("Service")))
              .as(describe(document))
              .anyMatch(
                  service ->
                      selects(selector, service.at("metadata/labels").map())
                          && service.at("spec/ports").elements().stream()
                              .anyMatch(port -> port.at("name").equals(endpoint.at("port"))));
        }
      }
    }
    assertThat(endpoints).isGreaterThanOrEqualTo(6);
  }

  @Test
  void services_leadToPortsOfPods() {
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node service : documents.stream().filter(ofKind("Service")).toList()) {
        for (Node port : service.at("spec/ports").elements()) {
          assertThat(documents.stream().filter(Manifests::isWorkload))
              .as("%s: port %s", describe(service), port.text())
              .anyMatch(
                  workload ->
                      podLabels(workload)
                              .entrySet()
                              .containsAll(service.at("spec/selector").map().entrySet())
                          && ports(workload).contains(port.at("targetPort").text()));
        }
      }
    }
  }

  @Test
  void pods_nameAccountsAndVolumesThatAreThere() throws IOException {
    int claims = 0;
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node workload : documents.stream().filter(Manifests::isWorkload).toList()) {
        Node pod = workload.at("spec/template/spec");
        require(documents, "ServiceAccount", pod.at("serviceAccountName"), workload);
        Set<String> volumes = new HashSet<>();
        for (Node volume : pod.at("volumes").elements()) {
          assertThat(volumes.add(volume.at("name").text())).as(describe(workload)).isTrue();
          claims += volume.at("persistentVolumeClaim/claimName").isPresent() ? 1 : 0;
          require(
              documents,
              "PersistentVolumeClaim",
              volume.at("persistentVolumeClaim/claimName"),
              workload);
          require(documents, "ConfigMap", volume.at("configMap/name"), workload);
          requireSecret(
              documents, volume.at("secret/secretName"), volume.at("secret/items/0/key"), workload);
        }
        List<Node> containers = new ArrayList<>(pod.at("containers").elements());
        containers.addAll(pod.at("initContainers").elements());
        for (Node container : containers) {
          for (Node mount : container.at("volumeMounts").elements()) {
            assertThat(volumes).as(describe(workload)).contains(mount.at("name").text());
          }
          for (Node variable : container.at("env").elements()) {
            Node from = variable.at("valueFrom");
            require(documents, "ConfigMap", from.at("configMapKeyRef/name"), workload);
            requireSecret(
                documents, from.at("secretKeyRef/name"), from.at("secretKeyRef/key"), workload);
          }
          for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            Node port = container.at(probe + "/httpGet/port");
            if (port.isPresent()) {
              assertThat(ports(workload)).as(describe(workload)).contains(port.text());
            }
          }
        }
      }
    }
    assertThat(claims).isPositive();
  }

  @Test
  void registry_isReachedUnderNamesOfItsPods() {
    int peers = 0;
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node workload : documents.stream().filter(Manifests::isWorkload).toList()) {
        for (Node variable : workload.at("spec/template/spec/containers/0/env").elements()) {
          Matcher peer = PEER.matcher(variable.at("value").text());
          while (peer.find()) {
            peers++;
            Node registry =
                documents.stream()
                    .filter(ofKind("StatefulSet").and(named(peer.group(1))))
                    .findFirst()
                    .orElseThrow();
            assertThat(Long.parseLong(peer.group(2)))
                .isLessThan(registry.at("spec/replicas").number());
            assertThat(registry.at("spec/serviceName").text()).isEqualTo(peer.group(3));
            assertThat(documents)
                .anyMatch(
                    ofKind("Service")
                        .and(named(peer.group(3)))
                        .and(
                            service ->
                                service.at("spec/ports/0/port").text().equals(peer.group(4))));
          }
        }
      }
    }
    assertThat(peers).isGreaterThanOrEqualTo(6 * Manifests.OVERLAYS.size());
  }

  @Test
  void waysIn_leadToAPortOfAService() {
    int ways = 0;
    for (List<Node> documents : Manifests.rendered().values()) {
      for (Node document : documents) {
        for (Node rule : document.at("spec/rules").elements()) {
          for (Node path : rule.at("http/paths").elements()) {
            ways++;
            Node backend = path.at("backend/service");
            requirePort(documents, backend.at("name"), "name", backend.at("port/name"));
          }
          for (Node backend : rule.at("backendRefs").elements()) {
            ways++;
            requirePort(documents, backend.at("name"), "port", backend.at("port"));
          }
        }
      }
    }
    assertThat(ways).isEqualTo(3);
  }

  /** The gateway bounds bodies itself, and a batch's file may be larger than any request. */
  @Test
  void waysIn_letFilesOfBatchesThrough_howeverLargeAndSlow() {
    Node ingress = Manifests.of("ingress").filter(ofKind("Ingress")).findFirst().orElseThrow();
    assertThat(
            ingress
                .at("metadata/annotations")
                .member("nginx.ingress.kubernetes.io/proxy-body-size")
                .text())
        .as("no bound")
        .isEqualTo("0");
    Node route = Manifests.of("httproute").filter(ofKind("HTTPRoute")).findFirst().orElseThrow();
    assertThat(route.at("spec/rules").elements())
        .anySatisfy(
            rule -> {
              assertThat(rule.at("matches/0/path/value").text()).isEqualTo("/v1/files");
              assertThat(rule.at("timeouts/request").text()).isEqualTo("0s");
              assertThat(rule.at("timeouts/backendRequest").text()).isEqualTo("0s");
            });
  }

  private static void requirePort(List<Node> documents, Node name, String field, Node port) {
    assertThat(documents)
        .as("%s of the Service %s", port.text(), name.text())
        .anyMatch(
            ofKind("Service")
                .and(named(name.text()))
                .and(
                    service ->
                        service.at("spec/ports").elements().stream()
                            .anyMatch(each -> each.at(field).equals(port))));
  }

  @Test
  void replicasThatFetchModels_mayLeaveTheCluster_andNoOthers() {
    int fetching = 0;
    for (Map.Entry<String, List<Node>> overlay : Manifests.rendered().entrySet()) {
      Node replicas = Manifests.workload(overlay.getKey(), "inference-service");
      boolean fetches =
          replicas.at("spec/template/spec/containers/0/env").elements().stream()
              .anyMatch(
                  variable -> variable.at("name").text().startsWith("FLEET_INFERENCE_SOURCES_"));
      boolean mayLeave =
          overlay.getValue().stream()
              .filter(ofKind("NetworkPolicy"))
              .filter(policy -> selects(policy.at("spec/podSelector"), podLabels(replicas)))
              .flatMap(policy -> policy.at("spec/egress").elements().stream())
              .flatMap(rule -> rule.at("to").elements().stream())
              .anyMatch(peer -> peer.at("ipBlock/cidr").isPresent());
      assertThat(mayLeave).as(overlay.getKey()).isEqualTo(fetches);
      fetching += fetches ? 1 : 0;
    }
    assertThat(fetching).isEqualTo(1);
  }

  /**
   * Of the manifests, made by cert-manager for a certificate of theirs, or made before them by a
   * command that the documentation gives.
   */
  private static void requireSecret(List<Node> documents, Node name, Node key, Node from)
      throws IOException {
    if (!name.isPresent()
        || documents.stream().anyMatch(ofKind("Secret").and(named(name.text())))
        || documents.stream()
            .filter(ofKind("Certificate"))
            .anyMatch(made -> made.at("spec/secretName").text().equals(name.text()))) {
      return;
    }
    String command = "create secret generic " + name.text() + " ";
    String read =
        Repository.read("docs/operations.md")
            + Repository.read("docs/security.md")
            + Repository.read("docs/jobs.md");
    assertThat(read.lines())
        .as("%s names the Secret %s", describe(from), name.text())
        .anyMatch(
            line ->
                line.contains(command)
                    && (line.contains(" --from-literal=" + key.text() + "=")
                        || line.contains(" --from-file=" + key.text() + "=")));
  }

  private static void require(List<Node> documents, String kind, Node name, Node from) {
    if (name.isPresent()) {
      assertThat(documents)
          .as("%s names the %s %s", describe(from), kind, name.text())
          .anyMatch(ofKind(kind).and(named(name.text())));
    }
  }

  /** Names of the ports of a workload's containers. */
  private static Set<String> ports(Node workload) {
    Set<String> names = new HashSet<>();
    for (Node container : workload.at("spec/template/spec/containers").elements()) {
      container.at("ports").elements().forEach(port -> names.add(port.at("name").text()));
    }
    return names;
  }
}
