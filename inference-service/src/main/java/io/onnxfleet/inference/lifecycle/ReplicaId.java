package io.onnxfleet.inference.lifecycle;

/** This replica's name in the registry and in its answers. */
public record ReplicaId(String value) {}
