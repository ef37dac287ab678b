/**
 * The Open Inference Protocol's message: {@link io.onnxfleet.contract.inference.InferRequest} and
 * {@link io.onnxfleet.contract.inference.InferResponse}, in JSON and with binary tensors behind it.
 * Elements are read and written by {@link io.onnxfleet.contract.inference.TensorElements}, into and
 * from memory that is the caller's.
 */
@NullMarked
package io.onnxfleet.contract.inference;

import org.jspecify.annotations.NullMarked;
