package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.graph.Tensor;

/** A tensor that goes into a run or comes out of it, under the name of its input or output. */
public record TensorValue(String name, Tensor tensor) {}
