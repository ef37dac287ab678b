/**
 * OpenAI's embeddings over the engine: {@code POST /v1/embeddings} and {@code GET /v1/models}.
 * Starts at {@link io.onnxfleet.inference.protocol.openai.OpenAiController}; {@link
 * io.onnxfleet.inference.protocol.openai.EmbeddingsRequestReader} and {@link
 * io.onnxfleet.inference.protocol.openai.OpenAiBody} are the wire form.
 */
@NullMarked
package io.onnxfleet.inference.protocol.openai;

import org.jspecify.annotations.NullMarked;
