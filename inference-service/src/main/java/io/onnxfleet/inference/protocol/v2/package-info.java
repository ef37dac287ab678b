/**
 * The Open Inference Protocol v2 over HTTP, with Triton's extensions: {@link
 * io.onnxfleet.inference.protocol.v2.InferenceController} answers calls, the other controllers tell
 * of models and steer them. The wire form is in {@code codec}.
 */
@NullMarked
package io.onnxfleet.inference.protocol.v2;

import org.jspecify.annotations.NullMarked;
