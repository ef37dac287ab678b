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
          @Nullable String encodingFormat,
      @Schema(description = "Numbers of a vector, which is cut") @Nullable Integer dimensions,
      @Schema(name = "output_dimension", description = "The same")
          @Nullable Integer outputDimension,
      @Schema(description = "The same") @Nullable Integer dimensionality,
      @Schema(name = "truncate_dim", description = "The same") @Nullable Integer truncateDim,
      @Schema(name = "prompt_name", description = "One of the model's prompts")
          @Nullable String promptName,
      @Schema(name = "input_type", description = "What the texts are for")
          @Nullable String inputType,
      @Schema(description = "The same") @Nullable String task,
      @Schema(name = "task_type", description = "The same") @Nullable String taskType,
      @Schema(description = "Whether vectors have length 1") @Nullable Boolean normalize,
      @Schema(description = "The same") @Nullable Boolean normalized,
      @Schema(description = "NONE or false refuses texts that are too long")
          @Nullable Object truncate,
      @Schema(description = "The same") @Nullable Object truncation,
      @Schema(allowableValues = {"windows", "refused", "cut"}) @Nullable String overlong,
      @Nullable Integer priority) {}

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
