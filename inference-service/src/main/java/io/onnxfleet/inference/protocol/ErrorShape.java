package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The form that a protocol gives to its errors. Beans of this type are asked in order. */
public interface ErrorShape {
  /** True if requests to this path speak this protocol. */
  boolean covers(String path);

  /**
   * The body of an error, to be written as JSON.
   *
   * @param code null if the engine was never asked
   */
  Object body(int status, @Nullable ErrorCode code, String message);
}
