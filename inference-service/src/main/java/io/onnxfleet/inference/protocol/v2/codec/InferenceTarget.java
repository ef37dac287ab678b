package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.request.Deadline;
import org.jspecify.annotations.Nullable;

/**
 * What a call says outside of its body.
 *
 * @param version null for the highest READY one
 * @param headerLength bytes of JSON in front of the binary tensors; null if the body is all JSON, 0
 *     if it is all one tensor
 * @param acceptedNanos when the call came, by the engine's ticker: what the body says of time
 *     counts from then on
 * @param deadline the transport's, to which the body's own is added
 */
public record InferenceTarget(
    String model,
    @Nullable Long version,
    @Nullable Long headerLength,
    long acceptedNanos,
    Deadline deadline) {}
