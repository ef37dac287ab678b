package io.onnxfleet.inference.protocol;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * Serves the calls that come by the thousand, without filters, handler mappings and a second
 * dispatch, which together cost several times what a small model does. Runs on the request's
 * virtual thread and may wait. A controller serves the same calls where {@link ShortPath} does not
 * lead here, and describes them. Thread-safe.
 */
public interface DirectHandler {
  /** True if the call is one of this handler's. */
  boolean covers(ApiCall.Asked asked);

  /**
   * Writes the answer.
   *
   * @throws InferenceException if there is none; it becomes the answer
   */
  void serve(ApiCall.Asked asked, HttpServletRequest request, HttpServletResponse response)
      throws IOException;
}
