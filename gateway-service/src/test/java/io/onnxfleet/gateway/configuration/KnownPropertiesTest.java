package io.onnxfleet.gateway.configuration;

import static org.assertj.core.api.Assertions.assertThat;

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
            "fleet.gatway.routing.deadline: unknown key in test "
                + "(nearest known: fleet.gateway.routing.deadline)");
    assertThat(complaints("FLEET_GATEWAY_ADMISSION_MAX_BODYSIZES").getFirst())
        .endsWith("(nearest known: fleet.gateway.admission.max-body-size)");
    assertThat(complaints("fleet.default-modle").getFirst())
        .endsWith("(nearest known: fleet.default-model)");
  }

  private List<String> complaints(String... keys) {
    Map<String, Object> values = new TreeMap<>();
    for (String key : keys) {
      values.put(key, "x");
    }
    return known.complaints(List.of(new MapPropertySource("test", values)));
  }
}
