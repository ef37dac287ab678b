package io.onnxfleet.inference.protocol.error;

import org.jspecify.annotations.Nullable;

/** Finds the argument of a request that an error is about. */
public interface ErrorArguments {
  /** The argument that a message speaks of; null if it is none. */
  @Nullable String namedBy(String message);
}
