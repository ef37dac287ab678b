/**
 * OpenAI's interface over the engine. Starts at {@link OpenAiController}, which describes it all
 * and lists models ({@link ModelList}); embeddings themselves are in {@code embeddings}.
 */
@NullMarked
package io.onnxfleet.inference.protocol.openai;

import org.jspecify.annotations.NullMarked;
