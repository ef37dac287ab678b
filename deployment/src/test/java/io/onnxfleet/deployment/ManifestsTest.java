package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.gson.JsonElement;
import io.kubernetes.client.util.ModelMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The manifests as {@code kubectl kustomize} renders them. Without kubectl nothing is tested here;
 * ci/manifests, which every change must pass, fails then.
 */
class ManifestsTest {
  private static final List<String> OVERLAYS =
      List.of("cpu", "gpu", "gpu-mig", "keda", "monitoring");

  /** Kinds of others, which ci/manifests checks by their own schemas. */
  private static final Set<String> CUSTOM =
      Set.of("ScaledObject", "ServiceMonitor", "PodMonitor", "PrometheusRule");

  private static final String NAME = "app.kubernetes.io/name";
  private static final Map<String, List<Node>> RENDERED = new TreeMap<>();

  @BeforeAll
  static void render() throws Exception {
    for (String overlay : OVERLAYS) {
      String text = kustomize(overlay);
      Assumptions.assumeTrue(text != null, "no kubectl: the manifests are left out");
      RENDERED.put(overlay, Node.ofYaml(Objects.requireNonNull(text)));
    }
  }

  private static @Nullable String kustomize(String overlay) throws Exception {
    ProcessBuilder command =
        new ProcessBuilder(
            "kubectl", "kustomize", Repository.path("k8s/overlays/" + overlay).toString());
    command.redirectErrorStream(true);
    Process process;
    try {
      process = command.start();
    } catch (IOException missing) {
      return null;
    }
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("kubectl kustomize %s: %s", overlay, text).isZero();
    return text;
  }

  @Test
  void manifests_haveOnlyFieldsThatKubernetesKnows() {
    for (Node document : documents()) {
      if (!CUSTOM.contains(document.at("kind").text())) {
        Class<?> type = type(document);
        assertThatCode(
                () ->
                    type.getMethod("validateJsonElement", JsonElement.class)
                        .invoke(null, document.asJson()))
            .as(describe(document))
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void containers_haveLimitsProbesAndNoPrivileges() {
    assertThat(workloads()).hasSize(3 * OVERLAYS.size());
    for (Node workload : workloads()) {
      Node pod = workload.at("spec/template/spec");
      assertThat(pod.at("automountServiceAccountToken").text()).isEqualTo("false");
      assertThat(pod.at("serviceAccountName").isPresent()).isTrue();
      assertThat(pod.at("securityContext/runAsNonRoot").text()).isEqualTo("true");
      assertThat(pod.at("securityContext/runAsUser").number()).isPositive();
      assertThat(pod.at("securityContext/seccompProfile/type").text()).isEqualTo("RuntimeDefault");
      List<Node> containers = new ArrayList<>(pod.at("containers").elements());
      for (Node container : containers) {
        for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
          assertThat(container.at(probe + "/httpGet/path").isPresent())
              .as("%s: %s", describe(workload), probe)
              .isTrue();
        }
        assertThat(container.at("livenessProbe")).isNotEqualTo(container.at("readinessProbe"));
      }
      containers.addAll(pod.at("initContainers").elements());
      for (Node container : containers) {
        Node resources = container.at("resources");
        assertThat(resources.at("limits/cpu").isPresent()).as(describe(workload)).isTrue();
        assertThat(resources.at("limits/memory").isPresent()).as(describe(workload)).isTrue();
        // The JVM takes the limit for its own: what is not reserved may be gone.
        assertThat(resources.at("requests/memory")).isEqualTo(resources.at("limits/memory"));
        Node security = container.at("securityContext");
        assertThat(security.at("readOnlyRootFilesystem").text()).isEqualTo("true");
        assertThat(security.at("allowPrivilegeEscalation").text()).isEqualTo("false");
        assertThat(security.at("capabilities/drop/0").text()).isEqualTo("ALL");
      }
    }
  }

  @Test
  void gracePeriod_isLongerThanDrain() throws IOException {
    for (Node workload : workloads()) {
      Node pod = workload.at("spec/template/spec");
      String name = pod.at("containers/0/name").text();
      long sleep =
          pod.at("containers/0/lifecycle/preStop/sleep/seconds").isPresent()
              ? pod.at("containers/0/lifecycle/preStop/sleep/seconds").number()
              : 0;
      long stop =
          name.equals("inference-service")
              ? Repository.inferenceStopSeconds()
              : name.equals("gateway-service") ? Repository.phaseSeconds(name) : 30;
      assertThat(pod.at("terminationGracePeriodSeconds").number())
          .as(describe(workload))
          .isGreaterThan(sleep + stop);
    }
  }

  @Test
  void replicas_areReadyOnlyWithModelsAndLiveWhateverTheLoad() {
    for (Node replica : workloads("inference-service")) {
      Node container = replica.at("spec/template/spec/containers/0");
      assertThat(container.at("readinessProbe/httpGet/path").text()).isEqualTo("/v2/health/ready");
      assertThat(container.at("startupProbe/httpGet/path").text()).isEqualTo("/v2/health/ready");
      assertThat(container.at("livenessProbe/httpGet/path").text()).isEqualTo("/v2/health/live");
      assertThat(
              container.at("livenessProbe/periodSeconds").number()
                  * container.at("livenessProbe/failureThreshold").number())
          .isGreaterThanOrEqualTo(60);
    }
  }

  @Test
  void autoscaler_namesMetricsThatTheAdapterMakesOfExportedGauges() throws IOException {
    List<String> exported = Repository.meters("inference-service");
    Map<String, String> made = new TreeMap<>();
    Node adapter =
        Node.ofYaml(
                Repository.yaml("k8s/components/autoscaling/adapter-rules.yaml")
                    .member("data")
                    .member("config.yaml")
                    .text())
            .getFirst();
    for (Node rule : adapter.at("rules").elements()) {
      String series = rule.at("seriesQuery").text().replaceAll("\\{.*", "");
      assertThat(exported).contains(series.replaceAll("_seconds$", ""));
      // A counter only grows: scaling on it never ends.
      assertThat(series).doesNotEndWith("_total").doesNotEndWith("_count");
      made.put(rule.at("name/as").text(), series);
    }
    Node autoscaler = Repository.yaml("k8s/components/autoscaling/hpa.yaml");
    List<Node> metrics = autoscaler.at("spec/metrics").elements();
    assertThat(metrics).hasSize(2);
    for (Node metric : metrics) {
      assertThat(made).containsKey(metric.at("pods/metric/name").text());
    }
    assertThat(autoscaler.at("spec/behavior/scaleUp/stabilizationWindowSeconds").number()).isZero();
    assertThat(autoscaler.at("spec/behavior/scaleDown/stabilizationWindowSeconds").number())
        .isGreaterThanOrEqualTo(120);
  }

  @Test
  void fleetAtZero_isWokenByTheGatewaysMetricAndItsRequestsHeld() throws IOException {
    Node scaled = Repository.yaml("k8s/components/keda/scaledobject.yaml");
    assertThat(scaled.at("spec/minReplicaCount").number()).isZero();
    Node waking = scaled.at("spec/triggers/0/metadata");
    assertThat(waking.at("activationThreshold").text()).isEqualTo("0");
    List<String> ofGateway = Repository.meters("gateway-service");
    for (String name : List.of("fleet_gateway_waking_held", "fleet_gateway_waking_arrivals")) {
      assertThat(waking.at("query").text()).contains(name);
      assertThat(ofGateway).contains(name);
    }
    Node gateway = workload("keda", "gateway-service");
    assertThat(gateway.at("spec/template/spec/containers/0/env").elements())
        .anySatisfy(
            variable -> {
              assertThat(variable.at("name").text()).isEqualTo("FLEET_GATEWAY_WAKING_HOLD");
              // Within the default deadline of a request.
              assertThat(variable.at("value").text()).isEqualTo("55s");
            });
  }

  @Test
  void everyWorkload_isScaledByOneAutoscalerAtMost() {
    RENDERED.forEach(
        (overlay, documents) -> {
          List<String> targets =
              documents.stream()
                  .filter(
                      document ->
                          Set.of("HorizontalPodAutoscaler", "ScaledObject")
                              .contains(document.at("kind").text()))
                  .map(document -> document.at("spec/scaleTargetRef/name").text())
                  .toList();
          assertThat(targets)
              .as(overlay)
              .containsExactlyInAnyOrder("gateway-service", "inference-service");
          for (String target : targets) {
            // A fixed number would undo the autoscaler's at each apply.
            assertThat(workload(overlay, target).at("spec/replicas").isPresent()).isFalse();
          }
        });
  }

  @Test
  void replicas_letInGatewaysAndPrometheusOnly() {
    for (Node document : documents()) {
      if (document.at("kind").text().equals("NetworkPolicy")
          && "inference-service"
              .equals(document.at("spec/podSelector/matchLabels").member(NAME).value())) {
        for (Node rule : document.at("spec/ingress").elements()) {
          assertThat(rule.at("from").elements()).isNotEmpty();
          for (Node from : rule.at("from").elements()) {
            String who =
                from.at("podSelector/matchLabels").member(NAME).text()
                    + from.at("namespaceSelector/matchLabels")
                        .member("kubernetes.io/metadata.name")
                        .text();
            assertThat(who).isIn("gateway-servicenull", "nullmonitoring");
          }
        }
      }
    }
    assertThat(documents())
        .anySatisfy(
            document -> assertThat(document.at("metadata/name").text()).isEqualTo("nobody"));
  }

  @Test
  void selectors_matchPods() {
    List<Map<?, ?>> pods = new ArrayList<>();
    workloads().forEach(workload -> pods.add(workload.at("spec/template/metadata/labels").map()));
    int selectors = 0;
    for (Node document : documents()) {
      List<Node> found = new ArrayList<>();
      found.add(document.at("spec/selector/matchLabels"));
      found.add(document.at("spec/podSelector/matchLabels"));
      for (Node rule : document.at("spec/ingress").elements()) {
        rule.at("from").elements().forEach(from -> found.add(from.at("podSelector/matchLabels")));
      }
      for (Node rule : document.at("spec/egress").elements()) {
        rule.at("to").elements().forEach(to -> found.add(to.at("podSelector/matchLabels")));
      }
      for (Node selector : found) {
        if (selector.isPresent()) {
          selectors++;
          assertThat(pods)
              .as("%s selects %s", describe(document), selector.text())
              .anyMatch(labels -> labels.entrySet().containsAll(selector.map().entrySet()));
        }
      }
    }
    assertThat(selectors).isGreaterThan(10 * OVERLAYS.size());
  }

  @Test
  void gpuReplicas_askForAGpuAndRefuseTheCpu() {
    for (String overlay : List.of("gpu", "gpu-mig")) {
      Node pod = workload(overlay, "inference-service").at("spec/template/spec");
      assertThat(pod.at("containers/0/image").text())
          .startsWith("onnx-fleet/inference-service-gpu:");
      String resource = overlay.equals("gpu") ? "nvidia.com/gpu" : "nvidia.com/mig-1g.10gb";
      assertThat(pod.at("containers/0/resources/limits").member(resource).text()).isEqualTo("1");
      assertThat(
              pod.at("containers/0/resources/limits").map().keySet().stream()
                  .filter(key -> String.valueOf(key).startsWith("nvidia.com")))
          .hasSize(1);
      assertThat(pod.at("tolerations/0/key").text()).isEqualTo("nvidia.com/gpu");
      assertThat(pod.at("containers/0/env").elements())
          .anySatisfy(
              variable -> {
                assertThat(variable.at("name").text()).isEqualTo("FLEET_INFERENCE_REQUIRED");
                assertThat(variable.at("value").text()).isEqualTo("cuda");
              });
      assertThat(
              workload(overlay, "inference-service")
                  .at("spec/template/metadata/labels/accelerator"))
          .isEqualTo(new Node("gpu"));
    }
  }

  private static Class<?> type(Node document) {
    String apiVersion = document.at("apiVersion").text();
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    Class<?> type =
        ModelMapper.getApiTypeClass(
            group, apiVersion.substring(slash + 1), document.at("kind").text());
    return Objects.requireNonNull(type, () -> "no type for " + describe(document));
  }

  private static List<Node> documents() {
    return RENDERED.values().stream().flatMap(List::stream).toList();
  }

  private static List<Node> workloads() {
    return documents().stream().filter(ManifestsTest::isWorkload).toList();
  }

  private static List<Node> workloads(String name) {
    return workloads().stream()
        .filter(workload -> workload.at("metadata/name").text().equals(name))
        .toList();
  }

  private static Node workload(String overlay, String name) {
    Stream<Node> all = Objects.requireNonNull(RENDERED.get(overlay)).stream();
    return all.filter(ManifestsTest::isWorkload)
        .filter(workload -> workload.at("metadata/name").text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static boolean isWorkload(Node document) {
    return Set.of("Deployment", "StatefulSet").contains(document.at("kind").text());
  }

  private static String describe(Node document) {
    return document.at("kind").text() + "/" + document.at("metadata/name").text();
  }
}
