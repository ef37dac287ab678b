package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.load.LoadHeaders;
import io.onnxfleet.inference.protocol.http.UnsupportedCodingException;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.List;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Hands requests to the {@link DirectHandler} that covers them, and the others on. What a handler
 * cannot do, a request in a coding that is not served say, goes on as well.
 */
final class DirectValve extends ValveBase {
  private final RequestIdentity identity;
  private final ErrorResponses errors;
  private final List<DirectHandler> handlers;

  DirectValve(RequestIdentity identity, ErrorResponses errors, List<DirectHandler> handlers) {
    super(true);
    this.identity = identity;
    this.errors = errors;
    this.handlers = List.copyOf(handlers);
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    for (DirectHandler handler : handlers) {
      if (handler.covers(request)) {
        serve(handler, request, response);
        return;
      }
    }
    getNext().invoke(request, response);
  }

  private void serve(DirectHandler handler, Request request, Response response)
      throws IOException, ServletException {
    identity.stamp(request, response);
    try {
      handler.serve(request, response);
    } catch (InferenceException refused) {
      if (response.isCommitted()) {
        throw refused;
      }
      String load = response.getHeader(LoadHeaders.METRICS);
      response.reset();
      identity.stamp(request, response);
      if (load != null) {
        response.setHeader(LoadHeaders.METRICS, load);
      }
      errors.write(refused, request, response);
    } catch (UnsupportedCodingException notServed) {
      getNext().invoke(request, response);
    }
  }
}
