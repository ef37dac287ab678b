package io.onnxfleet.contract.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KnownKeysTest {

  private record Plan(String model, int weight) {}

  private record Routing(
      int maxTries, List<Plan> plans, Map<String, Map<String, String>> options) {}

  private record Fleet(String defaultModel) {}

  private final KnownKeys known = new KnownKeys("gateway");

  KnownKeysTest() {
    known.add("fleet.gateway.routing", Routing.class);
    known.add("fleet", Fleet.class);
  }

  private String complaint(String key) {
    return known.complaint(key).orElse("");
  }

  @Test
  void knownKeys_pass_inEveryFormThatSpringBinds() {
    for (String key :
        new String[] {
          "fleet.default-model",
          "fleet.gateway.routing.max-tries",
          "fleet.gateway.routing.maxTries",
          "FLEET_GATEWAY_ROUTING_MAXTRIES",
          "FLEET_GATEWAY_ROUTING_MAX_TRIES",
          "fleet.gateway.routing.plans[0].model",
          "FLEET_GATEWAY_ROUTING_PLANS_0_MODEL",
          "fleet.gateway.routing.options.a.b.c",
          "FLEET_GATEWAY_ROUTING_OPTIONS_A_B"
        }) {
      assertThat(complaint(key)).as(key).isEmpty();
    }
  }

  @Test
  void keysOfOthers_pass() {
    for (String key :
        new String[] {
          "fleet.inference.models",
          "fleet.shared",
          "fleet.root",
          "fleet",
          "FLEET_HOME",
          "FLEET_INFERENCE_X",
          "server.port"
        }) {
      assertThat(complaint(key)).as(key).isEmpty();
    }
  }

  @Test
  void unknownKeys_areNamedWithTheNearestKnown() {
    assertThat(complaint("fleet.gatway.routing.max-tries"))
        .isEqualTo(
            "unknown key 'fleet.gatway.routing.max-tries' (the nearest known key is"
                + " 'fleet.gateway.routing.max-tries')");
    assertThat(complaint("FLEET_GATEWAY_ROUTING_MAX_TRIESS"))
        .endsWith("(the nearest known key is 'fleet.gateway.routing.max-tries')");
    assertThat(complaint("fleet.default-modle"))
        .endsWith("(the nearest known key is 'fleet.default-model')");
    assertThat(complaint("fleet.gateway.routing.plans[0].modell"))
        .endsWith("(the nearest known key is 'fleet.gateway.routing.plans[].model')");
    assertThat(complaint("FLEET_GATEWAY_ROUTING_PLANS_0_MODELL")).isNotEmpty();
    assertThat(complaint("fleet.gateway.routing.max-tries.x")).isNotEmpty();
    assertThat(complaint("fleet.gateway.routing.plans.model")).isNotEmpty();
  }
}
