package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.request.InferenceRequest;

/**
 * A decoded body. Whoever holds it owns the request's tensors.
 *
 * @param forms how the answer is to be written
 */
public record InferenceCall(InferenceRequest request, OutputForms forms) {}
