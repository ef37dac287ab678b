package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * Serves the requests that come by the thousand, without filters, handler mappings and a second
 * dispatch, which together cost several times what a small model does. Runs on the request's
 * virtual thread and may wait. Thread-safe.
 */
public interface DirectHandler {
  /** True if the request is one of this handler's; a controller must serve it as well. */
  boolean covers(HttpServletRequest request);

  /**
   * Writes the answer.
   *
   * @throws InferenceException if there is none; it becomes the answer
   */
  void serve(HttpServletRequest request, HttpServletResponse response) throws IOException;
}
