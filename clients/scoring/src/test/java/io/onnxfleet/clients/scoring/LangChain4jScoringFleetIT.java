package io.onnxfleet.clients.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.cohere.CohereScoringModel;
import dev.langchain4j.model.jina.JinaScoringModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** LangChain4j's scoring models of Cohere and of Jina, unchanged. */
class LangChain4jScoringFleetIT {
  private static final String QUERY = "How do I reset my card's code?";
  private static final List<String> DOCUMENTS =
      List.of(
          "Bananas are yellow.",
          "Reset the code of a card in the app.",
          "Our branches open at nine.",
          "The app shows the card. ".repeat(200));

  /** One document alone and five in company may differ by the last bits of a float. */
  private static final double TOLERANCE = 1e-5;

  @SuppressWarnings("NullAway.Init")
  private static ScoringFleet fleet;

  @BeforeAll
  static void start() throws Exception {
    fleet = new ScoringFleet();
  }

  @AfterAll
  static void end() {
    fleet.close();
  }

  enum Client {
    COHERE {
      @Override
      ScoringModel of(String model, String key) {
        return CohereScoringModel.builder()
            .baseUrl(fleet.base())
            .apiKey(key)
            .modelName(model)
            .maxRetries(0)
            .build();
      }
    },
    JINA {
      @Override
      ScoringModel of(String model, String key) {
        return JinaScoringModel.builder()
            .baseUrl(fleet.base())
            .apiKey(key)
            .modelName(model)
            .maxRetries(0)
            .build();
      }
    };

    abstract ScoringModel of(String model, String key);
  }

  @ParameterizedTest
  @CsvSource({
    "COHERE," + ScoringFleet.VECTORS,
    "COHERE," + ScoringFleet.CROSS_ENCODER,
    "JINA," + ScoringFleet.VECTORS,
    "JINA," + ScoringFleet.CROSS_ENCODER
  })
  void scores_areThoseOfTheApi_inTheDocumentsOrder(Client client, String model) throws Exception {
    ScoringModel scoring = client.of(model, fleet.key());
    JsonNode expected = fleet.ranked(model, QUERY, DOCUMENTS);

    Response<List<Double>> answer =
        scoring.scoreAll(DOCUMENTS.stream().map(TextSegment::from).toList(), QUERY);

    List<Double> scores = answer.content();
    assertThat(scores).hasSameSizeAs(DOCUMENTS);
    List<Integer> best = new ArrayList<>();
    for (JsonNode result : expected.path("results")) {
      int document = result.path("index").asInt();
      best.add(document);
      assertThat(scores.get(document))
          .as("document %d", document)
          .isCloseTo(result.path("relevance_score").asDouble(), within(TOLERANCE));
    }
    assertThat(
            IntStream.range(0, scores.size())
                .boxed()
                .sorted(Comparator.comparing(scores::get).reversed())
                .toList())
        .isEqualTo(best);
    assertThat(scores.get(best.getFirst()))
        .isGreaterThan(scores.get(best.getLast()) + 100 * TOLERANCE);
    TokenUsage usage = Objects.requireNonNull(answer.tokenUsage());
    assertThat(usage.totalTokenCount())
        .isEqualTo(
            client == Client.JINA
                ? expected.at("/usage/total_tokens").asInt()
                : expected.at("/meta/billed_units/search_units").asInt())
        .isPositive();
  }

  @ParameterizedTest
  @EnumSource(Client.class)
  void score_ofOneText_isThatOfAll(Client client) throws Exception {
    String document = DOCUMENTS.get(1);
    double expected =
        fleet
            .ranked(ScoringFleet.CROSS_ENCODER, QUERY, List.of(document))
            .at("/results/0/relevance_score")
            .asDouble();
    ScoringModel scoring = client.of(ScoringFleet.CROSS_ENCODER, fleet.key());

    assertThat(scoring.score(document, QUERY).content()).isCloseTo(expected, within(TOLERANCE));
    assertThat(scoring.score(TextSegment.from(document), QUERY).content())
        .isCloseTo(expected, within(TOLERANCE));
  }

  @ParameterizedTest
  @EnumSource(Client.class)
  void refusals_sayWhatTheFleetSaid(Client client) {
    assertThatThrownBy(() -> client.of("nobody", fleet.key()).score("a", "b"))
        .hasMessageContaining("404")
        .hasMessageContaining("nobody");
    assertThatThrownBy(() -> client.of(ScoringFleet.VECTORS, "fleet_wrong").score("a", "b"))
        .hasMessageContaining("401")
        .hasMessageContaining("credentials: not known here");
  }
}
