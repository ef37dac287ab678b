package io.onnxfleet.gateway.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.MapPropertySource;

class KnownPropertiesTest {

  private final KnownProperties known = new KnownProperties();

  @Test
  void knownKeys_pass_inEveryRelaxedForm() {
    assertThat(
            complaints(
                "fleet.default-model",
                "fleet.gateway.routing.max-tries",
                "fleet.gateway.routing.maxTries",
                "FLEET_GATEWAY_ROUTING_MAXTRIES",
                "FLEET_GATEWAY_ROUTING_MAX_TRIES",
                "fleet.gateway.administration.token"))
        .isEmpty();
  }

  @Test
  void othersKeys_pass() {
    assertThat(
            complaints(
                "fleet.inference.models", "fleet.shared", "fleet.root", "FLEET_HOME", "fleet"))
        .isEmpty();
  }

  @Test
  void unknownKeys_areNamedWithTheNearestKnown() {
    assertThat(complaints("fleet.gatway.routing.deadline"))
        .containsExactly(
            "test: unknown key 'fleet.gatway.routing.deadline' (the nearest known key is"
                + " 'fleet.gateway.routing.deadline')");
    assertThat(complaints("FLEET_GATEWAY_ADMISSION_MAX_BODYSIZES").getFirst())
        .endsWith("(the nearest known key is 'fleet.gateway.admission.max-body-size')");
    assertThat(complaints("fleet.default-modle").getFirst())
        .endsWith("(the nearest known key is 'fleet.default-model')");
  }

  @Test
  void elementsOfLists_areCheckedToo() {
    assertThat(complaints("fleet.gateway.rollout.plans[0].model")).isEmpty();
    assertThat(complaints("fleet.gateway.rollout.plans[0].modell").getFirst())
        .endsWith("(the nearest known key is 'fleet.gateway.rollout.plans[].model')");
    assertThat(complaints("FLEET_GATEWAY_ROLLOUT_PLANS_0_MODELL")).hasSize(1);
    assertThat(complaints("FLEET_GATEWAY_ROLLOUT_PLANS_0_MODEL")).isEmpty();
  }

  /** One file may configure the whole fleet. */
  @Test
  void check_isWordForWord_theReplicas() throws IOException {
    Path own = Path.of("src/main/java/io/onnxfleet/gateway/configuration/KnownKeys.java");
    Path replicas =
        Path.of(
            "../inference-service/src/main/java/io/onnxfleet/inference/configuration/KnownKeys.java");
    assertThat(Files.readString(own).replace("onnxfleet.gateway", "onnxfleet.inference"))
        .isEqualTo(Files.readString(replicas));
  }

  private List<String> complaints(String... keys) {
    Map<String, Object> values = new TreeMap<>();
    for (String key : keys) {
      values.put(key, "x");
    }
    return known.complaints(List.of(new MapPropertySource("test", values)));
  }
}
