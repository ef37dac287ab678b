package io.onnxfleet.inference.protocol.v2;

/** An error as this protocol writes it, and nothing else beside it. */
record ErrorBody(String error) {}
