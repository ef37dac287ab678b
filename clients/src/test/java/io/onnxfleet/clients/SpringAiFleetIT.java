package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import io.onnxfleet.clients.ClientFleet.Door;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.openai.OpenAiEmbeddingModel;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;

/** Spring AI 2, its model of OpenAI's embeddings. */
@ExtendWith(FleetExtension.class)
class SpringAiFleetIT {

  private static OpenAiEmbeddingOptions.Builder options(Door door) {
    return OpenAiEmbeddingOptions.builder()
        .baseUrl(door.openAi())
        .apiKey(door.key())
        .model(ClientFleet.MODEL);
  }

  @Test
  void texts_areEmbedded_withAndWithoutKeys(ClientFleet fleet) throws Exception {
    List<float[]> expected = Texts.vectors(fleet);
    for (Door door : fleet.doors()) {
      OpenAiEmbeddingModel model =
          OpenAiEmbeddingModel.builder().options(options(door).build()).build();

      EmbeddingResponse answer = model.embedForResponse(Texts.ALL);

      Texts.assertSame(
          answer.getResults().stream().map(result -> result.getOutput()).toList(), expected);
      assertThat(answer.getMetadata().getModel()).isEqualTo(ClientFleet.MODEL);
      assertThat(answer.getMetadata().getUsage().getPromptTokens()).isGreaterThan(15);
      assertThat(model.dimensions()).isEqualTo(Texts.DIMENSIONS);
      Texts.assertSame(List.of(model.embed(Texts.ALL.getFirst())), expected.subList(0, 1));
    }
  }

  @Test
  void encodings_giveTheSameVectors(ClientFleet fleet) throws Exception {
    List<float[]> expected = Texts.vectors(fleet);
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder().options(options(fleet.open()).build()).build();
    for (OpenAiEmbeddingOptions.EncodingFormat format :
        OpenAiEmbeddingOptions.EncodingFormat.values()) {
      EmbeddingResponse answer =
          model.call(
              new EmbeddingRequest(
                  Texts.ALL, options(fleet.open()).encodingFormat(format).build()));
      Texts.assertSame(
          answer.getResults().stream().map(result -> result.getOutput()).toList(), expected);
    }
  }

  @Test
  void refusals_areItsOwnErrors(ClientFleet fleet) {
    for (Door door : fleet.doors()) {
      OpenAiEmbeddingModel unknown =
          OpenAiEmbeddingModel.builder().options(options(door).model("nobody").build()).build();
      assertThatThrownBy(() -> unknown.embed("a"))
          .isInstanceOfSatisfying(
              NotFoundException.class,
              refused -> {
                assertThat(refused.code()).contains("model_not_found");
                assertThat(refused).hasMessageContaining("nobody");
              });
    }
    OpenAiEmbeddingModel stranger =
        OpenAiEmbeddingModel.builder()
            .options(options(fleet.keyed()).apiKey("fleet_wrong").build())
            .build();
    assertThatThrownBy(() -> stranger.embed("a"))
        .isInstanceOf(UnauthorizedException.class)
        .hasMessageContaining("credentials: not known here");
  }
}
