package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.clients.ClientFleet.Door;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Cohere's client for Node reranks. Where Node is missing or too old, this is left out. */
@ExtendWith(FleetExtension.class)
class CohereNodeFleetIT {
  private static final String ANSWER = "Reset the code of a card in the app.";

  @BeforeAll
  static void install() throws Exception {
    NodeScripts.install();
  }

  private static JsonNode calls(Door door) throws IOException, InterruptedException {
    return JsonMapper.shared()
        .readTree(
            NodeScripts.run(
                List.of(
                    "node",
                    "rerank.mjs",
                    door.base().toString(),
                    door.key(),
                    ClientFleet.MODEL,
                    "How do I reset my card's code?",
                    "Bananas are yellow.",
                    ANSWER,
                    "Our branches open at nine.")));
  }

  @Test
  void reranking_isAnswered_inBothVersionsOfItsInterface(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      JsonNode said = calls(door);

      assertThat(said.at("/first/results").size()).isEqualTo(1);
      assertThat(said.at("/first/results/0/index").asInt()).isEqualTo(1);
      assertThat(said.at("/first/results/0/document/text").asString()).isEqualTo(ANSWER);
      assertThat(said.at("/first/meta/billedUnits/searchUnits").asInt()).isEqualTo(1);
      assertThat(said.at("/objects/results").size()).isEqualTo(3);
      assertThat(said.at("/second/results").size()).isEqualTo(2);
      for (String each : List.of("first", "objects", "second")) {
        assertThat(said.at("/" + each + "/results/0/relevanceScore").asDouble())
            .isEqualTo(said.at("/first/results/0/relevanceScore").asDouble())
            .isBetween(0.5, 1.0);
      }
      assertRefused(said.path("unknownModel"), "NotFoundError", 404, "nobody");
      assertRefused(said.path("noDocuments"), "BadRequestError", 400, "documents");
    }
  }

  private static void assertRefused(JsonNode error, String type, int status, String words) {
    assertThat(error.path("type").asString()).as("%s", error).isEqualTo(type);
    assertThat(error.path("status").intValue()).isEqualTo(status);
    assertThat(error.path("message").asString()).contains(words);
  }
}
