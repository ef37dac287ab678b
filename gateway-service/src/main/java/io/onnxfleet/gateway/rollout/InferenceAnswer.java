package io.onnxfleet.gateway.rollout;

import org.jspecify.annotations.Nullable;

/**
 * An answer of 200 to an inference call, all of it.
 *
 * @param headerLength what {@code Inference-Header-Content-Length} says; null if it is all JSON
 * @param encoding its content encoding; null if it has none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
public record InferenceAnswer(
    byte[] body, @Nullable String headerLength, @Nullable String encoding) {}
