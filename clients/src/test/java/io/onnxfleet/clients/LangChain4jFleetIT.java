package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.catalog.ModelDescription;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel.OpenAiEmbeddingModelBuilder;
import dev.langchain4j.model.openai.OpenAiModelCatalog;
import dev.langchain4j.model.output.Response;
import io.onnxfleet.clients.ClientFleet.Door;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** LangChain4j, its model of OpenAI's embeddings and its catalog. */
@ExtendWith(FleetExtension.class)
class LangChain4jFleetIT {

  private static OpenAiEmbeddingModelBuilder model(Door door) {
    return OpenAiEmbeddingModel.builder()
        .baseUrl(door.openAi())
        .apiKey(door.key())
        .modelName(ClientFleet.MODEL)
        .maxRetries(0);
  }

  @Test
  void texts_areEmbedded_withAndWithoutKeys(ClientFleet fleet) throws Exception {
    List<float[]> expected = Texts.vectors(fleet);
    List<TextSegment> segments = Texts.ALL.stream().map(TextSegment::from).toList();
    for (Door door : fleet.doors()) {
      OpenAiEmbeddingModel model = model(door).build();

      Response<List<Embedding>> answer = model.embedAll(segments);

      Texts.assertSame(answer.content().stream().map(Embedding::vector).toList(), expected);
      assertThat(Objects.requireNonNull(answer.tokenUsage()).inputTokenCount()).isGreaterThan(15);
      assertThat(model.dimension()).isEqualTo(Texts.DIMENSIONS);
    }
    Texts.assertSame(
        model(fleet.open()).encodingFormat("base64").build().embedAll(segments).content().stream()
            .map(Embedding::vector)
            .toList(),
        expected);
  }

  @Test
  void models_areListed(ClientFleet fleet) {
    for (Door door : fleet.doors()) {
      OpenAiModelCatalog catalog =
          OpenAiModelCatalog.builder().baseUrl(door.openAi()).apiKey(door.key()).build();
      assertThat(catalog.listModels())
          .extracting(ModelDescription::name)
          .contains(ClientFleet.MODEL, ClientFleet.MODEL + "-int8");
    }
  }

  @Test
  void refusals_areItsOwnErrors(ClientFleet fleet) {
    for (Door door : fleet.doors()) {
      assertThatThrownBy(() -> model(door).modelName("nobody").build().embed("a"))
          .isInstanceOf(ModelNotFoundException.class)
          .hasMessageContaining("nobody");
    }
    assertThatThrownBy(() -> model(fleet.keyed()).apiKey("fleet_wrong").build().embed("a"))
        .isInstanceOf(AuthenticationException.class)
        .hasMessageContaining("credentials: not known here");
  }
}
