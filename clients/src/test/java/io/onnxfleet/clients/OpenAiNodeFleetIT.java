package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.clients.ClientFleet.Door;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's client for Node. Where Node is missing or too old, this says so and is left out. */
@ExtendWith(FleetExtension.class)
class OpenAiNodeFleetIT {
  @BeforeAll
  static void install() throws Exception {
    NodeScripts.install();
  }

  private static JsonNode calls(Door door) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("node", "embeddings.mjs"));
    command.addAll(List.of(door.openAi(), door.key(), ClientFleet.MODEL));
    command.addAll(Texts.ALL);
    return JsonMapper.shared().readTree(NodeScripts.run(command));
  }

  private static List<float[]> vectors(JsonNode arrays) {
    return arrays.valueStream().map(Texts::floatsOf).toList();
  }

  @Test
  void calls_areAnswered_andRefusalsAreItsOwnErrors(ClientFleet fleet) throws Exception {
    List<float[]> expected = Texts.vectors(fleet);
    for (Door door : fleet.doors()) {
      JsonNode said = calls(door);

      Texts.assertSame(vectors(said.path("byDefault")), expected);
      Texts.assertSame(vectors(said.path("asFloat")), expected);
      Texts.assertSame(vectors(said.path("asBase64")), expected);
      assertThat(said.at("/usage/prompt_tokens").intValue()).isGreaterThan(15);
      assertThat(said.path("listed").valueStream().map(JsonNode::asString))
          .contains(ClientFleet.MODEL, ClientFleet.MODEL + "-int8");
      assertThat(said.path("retrieved").asString()).isEqualTo(ClientFleet.MODEL);
      assertError(said.path("unknownModel"), "NotFoundError", 404, "nobody");
      assertError(said.path("unknownRetrieved"), "NotFoundError", 404, "nobody");
      assertThat(said.at("/unknownModel/code").asString()).isEqualTo("model_not_found");
      if (door.equals(fleet.keyed())) {
        assertError(said.path("wrongKey"), "AuthenticationError", 401, "not known here");
      } else {
        assertThat(said.path("wrongKey").isNull()).isTrue();
      }
    }
  }

  private static void assertError(JsonNode error, String type, int status, String words) {
    assertThat(error.path("type").asString()).as("%s", error).isEqualTo(type);
    assertThat(error.path("status").intValue()).isEqualTo(status);
    assertThat(error.path("message").asString()).contains(words);
  }
}
