package io.onnxfleet.engine.tensor;

/** A tensor in its role of a model's input or output; whoever owns it closes the tensor. */
public record NamedTensor(String name, Tensor tensor) {}
