package io.onnxfleet.inference.protocol;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.error.ErrorResponses;
import io.onnxfleet.inference.protocol.http.UnsupportedCodingException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Hands requests to the {@link DirectHandler} that covers them, and answers what it refuses.
 * Thread-safe.
 */
@Component
final class DirectRequests {
  private static final Logger log = LoggerFactory.getLogger(DirectRequests.class);

  private final RequestIdentity identity;
  private final ErrorResponses errors;
  private final List<DirectHandler> handlers;

  DirectRequests(RequestIdentity identity, ErrorResponses errors, List<DirectHandler> handlers) {
    this.identity = identity;
    this.errors = errors;
    this.handlers = List.copyOf(handlers);
  }

  /**
   * Answers the request; false if it is nobody's, or in a coding that is not served: the request is
   * then as it came.
   */
  boolean serve(HttpServletRequest request, HttpServletResponse response) throws IOException {
    if (ApiCall.read(request.getMethod(), request.getRequestURI()) instanceof ApiCall.Asked asked) {
      for (DirectHandler handler : handlers) {
        if (handler.covers(asked)) {
          return serve(handler, asked, request, response);
        }
      }
    }
    return false;
  }

  private boolean serve(
      DirectHandler handler,
      ApiCall.Asked asked,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    identity.stamp(request, response);
    try {
      handler.serve(asked, request, response);
    } catch (UnsupportedCodingException notServed) {
      return false;
    } catch (InferenceException refused) {
      refuse(refused, request, response);
    } catch (RuntimeException defect) {
      log.error("{} {}", request.getMethod(), request.getRequestURI(), defect);
      refuse(
          new InferenceException(ErrorCode.EXECUTION_FAILED, "internal error"), request, response);
    }
    return true;
  }

  private void refuse(
      InferenceException refusal, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (response.isCommitted()) {
      throw refusal;
    }
    response.resetBuffer();
    RequestIdentity.enterLog(response);
    try {
      errors.write(refusal, request, response);
    } finally {
      RequestIdentity.leaveLog();
    }
  }
}
