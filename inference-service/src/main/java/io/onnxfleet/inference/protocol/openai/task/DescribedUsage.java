package io.onnxfleet.inference.protocol.openai.task;

import io.swagger.v3.oas.annotations.media.Schema;

/**
 * What {@link TaskRequest#writeUsage} writes, as the OpenAPI document describes it.
 *
 * @param promptTokens of all texts
 * @param totalTokens the same
 */
@Schema(name = "TextUsage")
public record DescribedUsage(
    @Schema(name = "prompt_tokens") long promptTokens,
    @Schema(name = "total_tokens") long totalTokens) {}
