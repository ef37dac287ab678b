package io.onnxfleet.inference.protocol.openai;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bodies as the OpenAPI document describes them; others read and write them. */
final class DescribedBodies {
  static final String EXAMPLE =
      """
      {"model": "all-minilm-l6-v2", "input": ["The first text", "The second text"]}""";

  private DescribedBodies() {}

  @Schema(name = "EmbeddingsRequest")
  record Request(
      @Schema(description = "The default model if absent", example = "all-minilm-l6-v2")
          @Nullable String model,
      @Schema(
              description =
                  "A string, an array of strings, an array of token ids, or an array of those",
              type = "array",
              example = "[\"The first text\", \"The second text\"]")
          List<String> input,
      @Schema(
              name = "encoding_format",
              allowableValues = {"float", "base64", "sparse", "tokens"},
              example = "float")
          @Nullable String encodingFormat) {}

  @Schema(name = "EmbeddingsResponse")
  record Response(String object, List<Embedding> data, String model, Usage usage) {}

  @Schema(name = "Embedding")
  record Embedding(String object, int index, List<Float> embedding) {}

  @Schema(name = "Usage")
  record Usage(
      @Schema(name = "prompt_tokens") long promptTokens,
      @Schema(name = "total_tokens") long totalTokens) {}

  @Schema(name = "OpenAiModels")
  record Models(String object, List<Model> data) {}

  @Schema(name = "OpenAiModel")
  record Model(String id, String object, long created, @Schema(name = "owned_by") String ownedBy) {}
}
