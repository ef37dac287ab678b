/**
 * The wire form of the Open Inference Protocol v2, without HTTP: {@link
 * io.onnxfleet.inference.protocol.v2.codec.InferRequestDecoder} reads a body into pooled tensors,
 * {@link io.onnxfleet.inference.protocol.v2.codec.InferResponseEncoder} writes tensors out; both in
 * JSON and in binary, and with nothing in between.
 */
@NullMarked
package io.onnxfleet.inference.protocol.v2.codec;

import org.jspecify.annotations.NullMarked;
