package io.onnxfleet.inference.protocol;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.TraceContext;
import io.onnxfleet.inference.lifecycle.ReplicaId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.MDC;
import org.springframework.stereotype.Component;

/**
 * The names of a request in logs and in its answer: its id and its trace context, as they came or
 * new ones, and the replica that answers. Ids that would not fit a log line are replaced.
 * Stateless.
 */
@Component
final class RequestIdentity {
  private static final String MDC_REQUEST_ID = "requestId";
  private static final String MDC_TRACE_ID = "traceId";

  private final ReplicaId replica;

  RequestIdentity(ReplicaId replica) {
    this.replica = replica;
  }

  /** Puts the names into the answer, those that it has already staying as they are. */
  void stamp(HttpServletRequest request, HttpServletResponse response) {
    if (response.getHeader(HeaderNames.REQUEST_ID) == null) {
      response.setHeader(
          HeaderNames.REQUEST_ID,
          TraceContext.requestId(
              request.getHeader(HeaderNames.REQUEST_ID), RequestIdentity::random));
      response.setHeader(
          HeaderNames.TRACE_PARENT,
          TraceContext.traceParent(
              request.getHeader(HeaderNames.TRACE_PARENT), RequestIdentity::random));
      response.setHeader(HeaderNames.REPLICA, replica.value());
    }
  }

  /** Puts the names of a stamped answer into the log lines of this thread. */
  static void enterLog(HttpServletResponse response) {
    MDC.put(MDC_REQUEST_ID, response.getHeader(HeaderNames.REQUEST_ID));
    MDC.put(MDC_TRACE_ID, TraceContext.traceId(response.getHeader(HeaderNames.TRACE_PARENT)));
  }

  static void leaveLog() {
    MDC.remove(MDC_REQUEST_ID);
    MDC.remove(MDC_TRACE_ID);
  }

  private static long random() {
    return ThreadLocalRandom.current().nextLong();
  }
}
