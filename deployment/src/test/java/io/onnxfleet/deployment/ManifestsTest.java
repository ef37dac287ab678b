package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.gson.JsonElement;
import io.kubernetes.client.util.ModelMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What each manifest says for itself; {@link ReferencesTest} looks at what they say of others. */
class ManifestsTest {
  /** Kinds of others, which ci/manifests checks by their own schemas. */
  private static final Set<String> CUSTOM =
      Set.of(
          "ScaledObject",
          "ServiceMonitor",
          "PodMonitor",
          "PrometheusRule",
          "HTTPRoute",
          "Issuer",
          "Certificate");

  @Test
  void manifests_haveOnlyFieldsThatKubernetesKnows() {
    for (Node document : Manifests.documents()) {
      if (!CUSTOM.contains(document.at("kind").text())) {
        Class<?> type = type(document);
        assertThatCode(
                () ->
                    type.getMethod("validateJsonElement", JsonElement.class)
                        .invoke(null, document.asJson()))
            .as(Manifests.describe(document))
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void containers_haveLimitsProbesAndNoPrivileges() {
    // One of them has no registry, six have a job service.
    assertThat(Manifests.workloads("job-service")).hasSize(6);
    assertThat(Manifests.workloads()).hasSize(3 * Manifests.rendered().size() - 1 + 6);
    for (Node workload : Manifests.workloads()) {
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
              .as("%s: %s", Manifests.describe(workload), probe)
              .isTrue();
        }
        assertThat(container.at("livenessProbe")).isNotEqualTo(container.at("readinessProbe"));
      }
      containers.addAll(pod.at("initContainers").elements());
      for (Node container : containers) {
        Node resources = container.at("resources");
        assertThat(resources.at("limits/cpu").isPresent())
            .as(Manifests.describe(workload))
            .isTrue();
        assertThat(resources.at("limits/memory").isPresent())
            .as(Manifests.describe(workload))
            .isTrue();
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
    for (Node workload : Manifests.workloads()) {
      Node pod = workload.at("spec/template/spec");
      String name = pod.at("containers/0/name").text();
      long sleep =
          pod.at("containers/0/lifecycle/preStop/sleep/seconds").isPresent()
              ? pod.at("containers/0/lifecycle/preStop/sleep/seconds").number()
              : 0;
      long stop =
          name.equals("inference-service")
              ? Repository.inferenceStopSeconds()
              : name.equals("gateway-service")
                  ? Repository.gatewayStopSeconds()
                  : name.equals("job-service") ? Repository.jobsStopSeconds() : 30;
      assertThat(pod.at("terminationGracePeriodSeconds").number())
          .as(Manifests.describe(workload))
          .isGreaterThan(sleep + stop);
    }
  }

  @Test
  void replicas_areReadyOnlyWithModelsAndLiveWhateverTheLoad() {
    for (Node replica : Manifests.workloads("inference-service")) {
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
    Node adapter = Repository.yaml("k8s/adapter-values.yaml");
    for (Node rule : adapter.at("rules/custom").elements()) {
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
    Node gateway = Manifests.workload("keda", "gateway-service");
    assertThat(gateway.at("spec/template/spec/containers/0/env").elements())
        .anySatisfy(
            variable -> {
              assertThat(variable.at("name").text()).isEqualTo("FLEET_GATEWAY_WAKING_HOLD");
              // Within the default deadline of a request.
              assertThat(variable.at("value").text()).isEqualTo("55s");
            });
  }

  @Test
  void everyWorkload_isScaledByOneAutoscalerOrCounted() {
    Manifests.rendered()
        .forEach(
            (overlay, documents) -> {
              List<String> targets =
                  documents.stream()
                      .filter(
                          document ->
                              Set.of("HorizontalPodAutoscaler", "ScaledObject")
                                  .contains(document.at("kind").text()))
                      .map(document -> document.at("spec/scaleTargetRef/name").text())
                      .toList();
              assertThat(targets).as(overlay).doesNotHaveDuplicates().contains("gateway-service");
              for (Node workload : documents.stream().filter(Manifests::isWorkload).toList()) {
                boolean scaled = targets.contains(workload.at("metadata/name").text());
                boolean counted = workload.at("spec/replicas").isPresent();
                // A number beside an autoscaler would undo its work at each apply.
                assertThat(scaled && counted)
                    .as(overlay + ": " + Manifests.describe(workload))
                    .isFalse();
                assertThat(scaled || counted)
                    .as(overlay + ": " + Manifests.describe(workload))
                    .isTrue();
              }
            });
  }

  @Test
  void startingPods_haveFiveMinutesAndAnswersThreeSeconds() {
    for (Node workload : Manifests.workloads()) {
      Node container = workload.at("spec/template/spec/containers/0");
      assertThat(
              container.at("startupProbe/periodSeconds").number()
                  * container.at("startupProbe/failureThreshold").number())
          .as(Manifests.describe(workload))
          .isGreaterThanOrEqualTo(300);
      for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
        assertThat(container.at(probe + "/timeoutSeconds").isPresent())
            .as("%s: %s", Manifests.describe(workload), probe)
            .isTrue();
        assertThat(container.at(probe + "/timeoutSeconds").number())
            .as("%s: %s", Manifests.describe(workload), probe)
            .isGreaterThanOrEqualTo(3);
      }
    }
  }

  @Test
  void gatewaysAndReplicas_knowTheirZone() {
    for (String name : List.of("gateway-service", "inference-service")) {
      for (Node workload : Manifests.workloads(name)) {
        assertThat(workload.at("spec/template/spec/containers/0/env").elements())
            .as(Manifests.describe(workload))
            .anySatisfy(
                variable -> {
                  assertThat(variable.at("name").text()).isEqualTo("FLEET_ZONE");
                  assertThat(variable.at("valueFrom/fieldRef/fieldPath").text())
                      .isEqualTo("metadata.labels['topology.kubernetes.io/zone']");
                });
      }
    }
  }

  /** It is reached from outside: without keys it would serve everybody. */
  @Test
  void gateway_asksForKeys() {
    for (Node workload : Manifests.workloads("gateway-service")) {
      Node container = workload.at("spec/template/spec/containers/0");
      String keys =
          container.at("env").elements().stream()
              .filter(each -> each.at("name").text().equals("FLEET_GATEWAY_SECURITY_KEYS"))
              .map(each -> each.at("value").text())
              .findFirst()
              .orElse("");
      assertThat(container.at("volumeMounts").elements())
          .as(Manifests.describe(workload))
          .anyMatch(mount -> keys.startsWith(mount.at("mountPath").text() + "/"));
    }
  }

  @Test
  void everyProcess_hasTheFleetsSecret() {
    for (Node workload : Manifests.workloads()) {
      assertThat(workload.at("spec/template/spec/containers/0/env").elements())
          .as(Manifests.describe(workload))
          .anySatisfy(
              variable -> {
                assertThat(variable.at("name").text()).isEqualTo("FLEET_SECRET");
                assertThat(variable.at("valueFrom/secretKeyRef/name").text())
                    .isEqualTo("onnx-fleet-inside");
                assertThat(variable.at("value").isPresent()).isFalse();
              });
    }
  }

  /**
   * The embedded database allows one process: a pod takes another's place only when that one has
   * ended. Several have a PostgreSQL, and a volume that all of them may write to, or a bucket.
   */
  @Test
  void jobServices_areOne_orHaveADatabaseAndAStoreForAll() throws IOException {
    String folder = matched("FLEET_JOBS_DIRECTORY=(/\\S+)", "docker/Dockerfile");
    int several = 0;
    for (Map.Entry<String, List<Node>> composition : Manifests.rendered().entrySet()) {
      for (Node document : composition.getValue()) {
        if (!document.at("metadata/name").text().equals("job-service")
            || !Manifests.isWorkload(document)) {
          continue;
        }
        String who = composition.getKey();
        assertThat(document.at("kind").text()).as(who).isEqualTo("StatefulSet");
        Map<String, Node> environment = new TreeMap<>();
        for (Node variable : document.at("spec/template/spec/containers/0/env").elements()) {
          environment.put(variable.at("name").text(), variable);
        }
        boolean hasDatabase = environment.containsKey("SPRING_DATASOURCE_URL");
        boolean hasBucket = environment.containsKey("FLEET_JOBS_S3_BUCKET");
        assertThat(hasDatabase).as(who).isEqualTo(who.equals("jobs-postgresql") || hasBucket);
        assertThat(hasBucket).as(who).isEqualTo(who.equals("jobs-s3"));
        for (String part : List.of("URL", "USERNAME", "PASSWORD")) {
          Node variable = environment.get("SPRING_DATASOURCE_" + part);
          assertThat(variable != null).as(who + ": " + part).isEqualTo(hasDatabase);
          assertThat(
                  variable == null
                      || variable.at("valueFrom/secretKeyRef/key").text().equals(lower(part)))
              .as(who + ": " + part)
              .isTrue();
        }
        if (document.at("spec/replicas").number() > 1) {
          several++;
          assertThat(hasDatabase).as(who).isTrue();
        }
        Node volume = volumeAt(document, folder);
        assertThat(volume.at("emptyDir").isPresent()).as(who).isEqualTo(hasBucket);
        if (!hasBucket) {
          String claim = volume.at("persistentVolumeClaim/claimName").text();
          Node claimed =
              object(Manifests.byName(composition.getValue()), "PersistentVolumeClaim/" + claim);
          assertThat(claimed.at("spec/accessModes").elements())
              .as(who)
              .contains(
                  new Node(
                      document.at("spec/replicas").number() > 1
                          ? "ReadWriteMany"
                          : "ReadWriteOnce"));
        }
      }
    }
    assertThat(several).isEqualTo(2);
  }

  /** What the tests compose is what the documentation says. */
  @Test
  void severalJobServices_areComposedAsDocumented() throws IOException {
    String page = Repository.read("docs/jobs.md");
    for (String line :
        List.of("  - {name: job-service, count: 2}", "spec: {accessModes: [ReadWriteMany]}")) {
      assertThat(page).contains(line);
    }
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static String matched(String pattern, String file) throws IOException {
    return within(Repository.read(file), pattern);
  }

  /** Each process has the certificate that the others expect of it, by an authority of its own. */
  @Test
  void mutualTls_givesEachProcessItsCertificate_andItsProbesNone() throws IOException {
    Map<String, Node> objects = Manifests.byName(Manifests.of("jobs-mutual-tls").toList());
    String properties =
        Repository.read(
            "fleet-configuration/src/main/java/io/onnxfleet/configuration/InsideProperties.java");
    Map<String, String> workloads =
        Map.of(
            "Deployment/gateway-service", "gateways",
            "Deployment/inference-service", "replicas",
            "StatefulSet/discovery", "registries",
            "StatefulSet/job-service", "jobs");
    Set<String> secrets = new HashSet<>();
    workloads.forEach(
        (name, role) -> {
          Node pod = object(objects, name).at("spec/template/spec");
          Node container = pod.at("containers/0");
          String folder = within(properties, "@DefaultValue\\(\"([^\"]+)\"\\) Path directory");
          assertThat(container.at("volumeMounts").elements())
              .as(name)
              .anySatisfy(
                  mount -> {
                    assertThat(mount.at("name").text()).isEqualTo("tls");
                    assertThat(mount.at("mountPath").text()).isEqualTo(folder);
                  });
          String secret =
              pod.at("volumes").elements().stream()
                  .filter(volume -> volume.at("name").text().equals("tls"))
                  .map(volume -> volume.at("secret/secretName").text())
                  .findFirst()
                  .orElse("");
          assertThat(secrets.add(secret)).as(secret).isTrue();
          Node certificate = object(objects, "Certificate/" + secret).at("spec");
          assertThat(certificate.at("secretName").text()).isEqualTo(secret);
          assertThat(certificate.at("dnsNames").elements().stream().map(Node::text))
              .containsExactly(
                  within(properties, "@DefaultValue\\(\"([^\"]+)\"\\) List<String> " + role));
          assertThat(certificate.at("usages").elements().stream().map(Node::text))
              .contains("server auth", "client auth");
          Node issuer = object(objects, "Issuer/" + certificate.at("issuerRef/name").text());
          assertThat(issuer.at("spec/ca/secretName").text())
              .isEqualTo(
                  object(objects, "Certificate/fleet-authority").at("spec/secretName").text());
          Map<String, String> environment = new TreeMap<>();
          for (Node variable : container.at("env").elements()) {
            environment.put(variable.at("name").text(), variable.at("value").text());
          }
          assertThat(environment.getOrDefault("SPRING_PROFILES_ACTIVE", "").split(","))
              .contains("mutual-tls");
          assertThat(environment.values()).as(name).noneMatch(value -> value.contains("http://"));
          for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            String scheme = container.at(probe + "/httpGet/scheme").text();
            if (role.equals("gateways")) {
              assertThat(scheme).as("%s: %s", name, probe).isNotEqualTo("HTTPS");
            } else {
              assertThat(scheme).as("%s: %s", name, probe).isEqualTo("HTTPS");
            }
          }
        });
    assertThat(
            object(objects, "StatefulSet/discovery")
                .at("spec/template/spec/containers/0/env")
                .text())
        .contains("peers,mutual-tls");
    assertThat(object(objects, "Certificate/fleet-authority").at("spec/isCA").text())
        .isEqualTo("true");
  }

  private static Node object(Map<String, Node> objects, String name) {
    return Objects.requireNonNull(objects.get(name), name);
  }

  private static String within(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as(pattern).isTrue();
    return found.group(1);
  }

  /** The images say which port; the public Service must not lead there. */
  @Test
  void metrics_haveAPortOfTheirOwn() throws IOException {
    Matcher port =
        Pattern.compile("MANAGEMENT_SERVER_PORT=(\\d+)")
            .matcher(Repository.read("docker/Dockerfile"));
    Set<String> numbers = new HashSet<>();
    int images = 0;
    while (port.find()) {
      images++;
      numbers.add(port.group(1));
    }
    assertThat(images).as("gateway, replica, replica on a GPU, job service").isEqualTo(4);
    assertThat(numbers).hasSize(1);
    for (String name : List.of("gateway-service", "inference-service", "job-service")) {
      for (Node workload : Manifests.workloads(name)) {
        assertThat(workload.at("spec/template/spec/containers/0/ports").elements())
            .as(Manifests.describe(workload))
            .anySatisfy(
                declared -> {
                  assertThat(declared.at("name").text()).isEqualTo("management");
                  assertThat(numbers).contains(declared.at("containerPort").text());
                });
      }
    }
    for (Node service : Manifests.documents()) {
      if (service.at("kind").text().equals("Service")) {
        for (Node published : service.at("spec/ports").elements()) {
          assertThat(published.at("targetPort").text()).isEqualTo("http");
        }
      }
    }
    for (Node scraped :
        Repository.yaml("monitoring/prometheus/prometheus.yml").at("scrape_configs").elements()) {
      assertThat(numbers).contains(scraped.at("dns_sd_configs/0/port").text());
    }
  }

  /**
   * Processes of all containers have one id, which names their crash reports. What a volume of many
   * nodes would only slow down is not there either.
   */
  @Test
  void reports_lieWhereNoOtherReplicaPutsIts() throws IOException {
    Matcher report =
        Pattern.compile("-XX:ErrorFile=(/[a-z]+)/")
            .matcher(Repository.read("docker/ImageLayout.java"));
    assertThat(report.find()).isTrue();
    int shared = 0;
    for (Node replica : Manifests.workloads("inference-service")) {
      Node container = replica.at("spec/template/spec/containers/0");
      assertThat(volumeAt(replica, report.group(1)).at("emptyDir").isPresent()).isTrue();
      Node cache = volumeAt(replica, "/cache");
      if (cache.at("persistentVolumeClaim").isPresent()) {
        shared++;
        assertThat(container.at("env").elements())
            .anyMatch(
                variable ->
                    variable.at("name").text().equals("FLEET_INFERENCE_MODEL_COPIES")
                        && variable.at("value").text().startsWith(report.group(1) + "/"));
      }
    }
    assertThat(shared).isEqualTo(1);
    // Compose gives each container of a service a volume of its own where none is named.
    assertThat(
            Repository.yaml("docker-compose.yml")
                .at("services/inference-service/volumes")
                .elements())
        .contains(new Node(report.group(1)), new Node("graph-cache:/cache"));
  }

  private static Node volumeAt(Node workload, String path) {
    Node pod = workload.at("spec/template/spec");
    String name =
        pod.at("containers/0/volumeMounts").elements().stream()
            .filter(mount -> mount.at("mountPath").text().equals(path))
            .map(mount -> mount.at("name").text())
            .findFirst()
            .orElseThrow();
    return pod.at("volumes").elements().stream()
        .filter(volume -> volume.at("name").text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void selectors_matchPods() {
    List<Map<?, ?>> pods = new ArrayList<>();
    Manifests.workloads()
        .forEach(workload -> pods.add(workload.at("spec/template/metadata/labels").map()));
    int selectors = 0;
    for (Node document : Manifests.documents()) {
      List<Node> found = new ArrayList<>();
      found.add(document.at("spec/selector/matchLabels"));
      found.add(document.at("spec/podSelector/matchLabels"));
      for (Node rule : document.at("spec/ingress").elements()) {
        // With a namespace it speaks of pods of others.
        rule.at("from").elements().stream()
            .filter(from -> !from.at("namespaceSelector").isPresent())
            .forEach(from -> found.add(from.at("podSelector/matchLabels")));
      }
      for (Node rule : document.at("spec/egress").elements()) {
        rule.at("to").elements().forEach(to -> found.add(to.at("podSelector/matchLabels")));
      }
      for (Node selector : found) {
        if (selector.isPresent()) {
          selectors++;
          assertThat(pods)
              .as("%s selects %s", Manifests.describe(document), selector.text())
              .anyMatch(labels -> labels.entrySet().containsAll(selector.map().entrySet()));
        }
      }
    }
    assertThat(selectors).isGreaterThan(10 * Manifests.rendered().size());
  }

  @Test
  void gpuReplicas_askForAGpuAndRefuseTheCpu() {
    for (String overlay : List.of("gpu", "gpu-mig", "gpu-monitoring")) {
      Node pod = Manifests.workload(overlay, "inference-service").at("spec/template/spec");
      assertThat(pod.at("containers/0/image").text())
          .startsWith("onnx-fleet/inference-service-gpu:");
      String resource = overlay.equals("gpu-mig") ? "nvidia.com/mig-1g.10gb" : "nvidia.com/gpu";
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
              Manifests.workload(overlay, "inference-service")
                  .at("spec/template/metadata/labels/accelerator"))
          .isEqualTo(new Node("gpu"));
    }
  }

  @Test
  void registryForImages_makesNoCpuReplicaOfAGpuReplica() {
    List<String> images =
        Manifests.withRegistryAndGpu("registry.example").stream()
            .filter(Manifests::isWorkload)
            .map(workload -> workload.at("spec/template/spec/containers/0/image").text())
            .toList();
    assertThat(images)
        .anyMatch(image -> image.startsWith("registry.example/onnx-fleet/gateway-service:"))
        .anyMatch(image -> image.startsWith("onnx-fleet/inference-service-gpu:"));
  }

  private static Class<?> type(Node document) {
    String apiVersion = document.at("apiVersion").text();
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    Class<?> type =
        ModelMapper.getApiTypeClass(
            group, apiVersion.substring(slash + 1), document.at("kind").text());
    return Objects.requireNonNull(type, () -> "no type for " + Manifests.describe(document));
  }
}
