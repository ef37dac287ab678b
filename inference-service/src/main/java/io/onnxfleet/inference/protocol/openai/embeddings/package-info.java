/**
 * {@code POST /v1/embeddings}: {@link EmbeddingsEndpoint} reads a request ({@link
 * EmbeddingsRequestReader}), chooses a prompt ({@link PromptChoice}), has the texts embedded and
 * writes the answer ({@link EmbeddingsResponse}). {@link EmbeddingsArgument} has every name that a
 * body may use.
 */
@NullMarked
package io.onnxfleet.inference.protocol.openai.embeddings;

import org.jspecify.annotations.NullMarked;
