package io.onnxfleet.inference.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.configuration.UnknownKeysException;
import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.inference.source.S3Access;
import io.onnxfleet.inference.source.Source;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class ConfigurationTest {
  @Test
  void properties_becomeEngineOptions() {
    try (AnnotationConfigApplicationContext context =
        started(
            "fleet.inference.models=some/folder",
            "fleet.inference.cpus=3",
            "fleet.inference.execution-providers=cuda,cpu",
            "fleet.inference.required=cuda",
            "fleet.inference.provider-options.cuda.device_id=1",
            "fleet.inference.max-tensor-memory=1GB")) {
      EngineOptions options = context.getBean(InferenceProperties.class).engineOptions();
      assertThat(options.repository().folder()).isEqualTo(Path.of("some/folder").toAbsolutePath());
      assertThat(options.processors().count()).isEqualTo(3);
      assertThat(options.providers().preferred())
          .containsExactly(ExecutionProvider.CUDA, ExecutionProvider.CPU);
      assertThat(options.providers().required()).isEqualTo(ExecutionProvider.CUDA);
      assertThat(options.providers().options().get(ExecutionProvider.CUDA))
          .containsEntry("device_id", "1");
      assertThat(options.memory().maxTensorBytes()).isEqualTo(1L << 30);
    }
  }

  @Test
  void properties_nameSources() {
    try (AnnotationConfigApplicationContext context =
        started(
            "fleet.inference.sources[0].url=s3://models/production/",
            "fleet.inference.sources[1].url=https://example.org/models.zip",
            "fleet.inference.sources[1].sha256=" + "0A".repeat(32),
            "fleet.inference.s3.endpoint=http://127.0.0.1:9000",
            "fleet.inference.s3.region=eu-central-1")) {
      InferenceProperties properties = context.getBean(InferenceProperties.class);
      assertThat(properties.sources())
          .containsExactly(
              new Source(URI.create("s3://models/production/"), null),
              new Source(URI.create("https://example.org/models.zip"), "0a".repeat(32)));
      assertThat(properties.s3())
          .isEqualTo(new S3Access(URI.create("http://127.0.0.1:9000"), "eu-central-1", null));
    }
  }

  @Test
  void properties_haveDefaults() {
    try (AnnotationConfigApplicationContext context = started()) {
      InferenceProperties properties = context.getBean(InferenceProperties.class);
      assertThat(properties.maxBodySize().toMegabytes()).isEqualTo(64);
      assertThat(properties.engineOptions().processors().count())
          .isEqualTo(Runtime.getRuntime().availableProcessors());
      assertThat(properties.engineOptions().providers().preferred())
          .containsExactly(ExecutionProvider.CPU);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fleet.inference.cpus=0, fleet.inference.cpus: 0 (expected: >= 1)",
    "fleet.inference.max-queue-size=0, fleet.inference.max-queue-size: 0 (expected: >= 1)",
    "fleet.inference.max-body-size=3GB, fleet.inference.max-body-size: 3221225472",
    "fleet.inference.sources[0].url=http://x/y/, sha256 of http://x/y/: none (expected one",
    "fleet.inference.s3.endpoint=here, fleet.inference.s3.endpoint: here (expected: http://",
    "fleet.inference.required=cuda, fleet.inference.required: cuda (expected one of [CPU])",
    "fleet.inference.default-deadline=0s, fleet.inference.default-deadline: 0 (expected: >= 1)"
  })
  void start_fails_whenAValueIsOutOfBounds(String property, String message) {
    assertThatThrownBy(() -> started(property)).rootCause().hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "fleet.inference.max-boddy-size=1MB, fleet.inference.max-body-size",
    "fleet.infernce.cpus=2, fleet.inference.cpus",
    "fleet.default-modle=x, fleet.default-model",
    "fleet.inference.execution-provider[0]=cpu, fleet.inference.execution-providers",
    "fleet.inference.sources[0].sha265=00, fleet.inference.sources[].sha256",
    "fleet.inference.sources[0].sha256.x=00, fleet.inference.sources[].sha256",
    "fleet.inference.sources.url=x, fleet.inference.sources[].url",
    "fleet.inference.repository.on-demand.max-wiat=1s,"
        + " fleet.inference.repository.on-demand.max-wait",
    "fleet.inference.s3.region.x=y, fleet.inference.s3.region"
  })
  void start_fails_namingTheNearestKey_whenAKeyIsUnknown(String property, String nearest) {
    assertThatThrownBy(() -> started(property))
        .isInstanceOf(UnknownKeysException.class)
        .hasMessageContaining("'" + property.substring(0, property.indexOf('=')) + "'")
        .hasMessageContaining("'" + nearest + "'");
  }

  /** One application.yml may configure gateways and replicas. */
  @Test
  void start_letsKeysOfTheFleetsOtherProcessesPass() {
    try (AnnotationConfigApplicationContext context =
        started(
            "fleet.gateway.routing.max-tries=3",
            "fleet.gateway.no-such-key=3",
            "fleet.discovery.x=1",
            "fleet.shared=x",
            "fleet.default-model=m",
            "fleet.inference.maxQueueSize=5",
            "fleet.inference.provider-options.cuda.gpu_mem_limit=1",
            "fleet.inference.provider-options[cuda][gpu_mem_limit]=1")) {
      assertThat(context.getBean(InferenceProperties.class).maxQueueSize()).isEqualTo(5);
    }
  }

  @Test
  void start_looksAtOwnEnvironmentVariablesOnly() {
    try (AnnotationConfigApplicationContext context =
        startedWith(Map.of("FLEET_HOME", "/opt", "FLEET_INFERENCE_MAXQUEUESIZE", "7"))) {
      assertThat(context.getBean(InferenceProperties.class).maxQueueSize()).isEqualTo(7);
    }
    assertThatThrownBy(() -> startedWith(Map.of("FLEET_INFERENCE_MAXQUEUESIZ", "7")))
        .isInstanceOf(UnknownKeysException.class)
        .hasMessageContaining("fleet.inference.max-queue-size");
    assertThatThrownBy(() -> startedWith(Map.of("FLEET_INFERENCE_SOURCES_0_SHA265", "00")))
        .isInstanceOf(UnknownKeysException.class)
        .hasMessageContaining("'FLEET_INFERENCE_SOURCES_0_SHA265'")
        .hasMessageContaining("fleet.inference.sources[].sha256");
    assertThatThrownBy(
            () ->
                startedWith(
                    Map.of(
                        "FLEET_INFERENCE_SOURCES_0_URL", "ftp://x",
                        "FLEET_INFERENCE_PROVIDEROPTIONS_CUDA_GPU_MEM_LIMIT", "1",
                        "FLEET_INFERENCE_REPOSITORY_ON_DEMAND_MAX_WAIT", "1s",
                        "FLEET_GATEWAY_X", "1")))
        .isNotInstanceOf(UnknownKeysException.class);
  }

  private static AnnotationConfigApplicationContext started(String... properties) {
    Map<String, Object> values = new HashMap<>();
    Arrays.stream(properties)
        .map(each -> each.split("=", 2))
        .forEach(pair -> values.put(pair[0], pair[1]));
    return started(new MapPropertySource("test", values));
  }

  private static AnnotationConfigApplicationContext startedWith(Map<String, Object> variables) {
    return started(
        new SystemEnvironmentPropertySource(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
  }

  private static AnnotationConfigApplicationContext started(MapPropertySource source) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .forEach(each -> environment.getPropertySources().remove(each.getName()));
    environment.getPropertySources().addFirst(source);
    ConfigurationPropertySources.attach(environment);
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    context.setEnvironment(environment);
    context.register(PropertiesConfiguration.class);
    try {
      context.refresh();
      return context;
    } catch (Throwable failure) {
      context.close();
      throw failure;
    }
  }
}
