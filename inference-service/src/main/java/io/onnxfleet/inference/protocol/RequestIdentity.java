package io.onnxfleet.inference.protocol;

import io.onnxfleet.inference.lifecycle.ReplicaId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.HexFormat;
import java.util.UUID;
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

  private static final int LONGEST_ID = 128;
  private static final int TRACE_PARENT_LENGTH = 55;

  private final ReplicaId replica;

  RequestIdentity(ReplicaId replica) {
    this.replica = replica;
  }

  /** Puts the names into the answer, those that it has already staying as they are. */
  void stamp(HttpServletRequest request, HttpServletResponse response) {
    if (response.getHeader(FleetHeaders.REQUEST_ID) == null) {
      response.setHeader(FleetHeaders.REQUEST_ID, requestId(request));
      response.setHeader(FleetHeaders.TRACE_PARENT, traceParent(request));
      response.setHeader(FleetHeaders.REPLICA, replica.value());
    }
  }

  /** Puts the names of a stamped answer into the log lines of this thread. */
  static void enterLog(HttpServletResponse response) {
    MDC.put(MDC_REQUEST_ID, response.getHeader(FleetHeaders.REQUEST_ID));
    MDC.put(MDC_TRACE_ID, response.getHeader(FleetHeaders.TRACE_PARENT).substring(3, 35));
  }

  static void leaveLog() {
    MDC.remove(MDC_REQUEST_ID);
    MDC.remove(MDC_TRACE_ID);
  }

  private static String requestId(HttpServletRequest request) {
    String requestId = request.getHeader(FleetHeaders.REQUEST_ID);
    if (requestId != null && isPrintable(requestId)) {
      return requestId;
    }
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new UUID(random.nextLong(), random.nextLong()).toString();
  }

  private static String traceParent(HttpServletRequest request) {
    String traceParent = request.getHeader(FleetHeaders.TRACE_PARENT);
    return traceParent != null && isTraceParent(traceParent) ? traceParent : newTraceParent();
  }

  private static boolean isPrintable(String id) {
    for (int index = 0; index < id.length(); index++) {
      char letter = id.charAt(index);
      if (letter <= ' ' || letter >= 0x7F) {
        return false;
      }
    }
    return !id.isEmpty() && id.length() <= LONGEST_ID;
  }

  private static boolean isTraceParent(String header) {
    return header.length() >= TRACE_PARENT_LENGTH
        && isPrintable(header)
        && header.charAt(2) == '-'
        && header.charAt(35) == '-'
        && header.charAt(52) == '-';
  }

  private static String newTraceParent() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    HexFormat hex = HexFormat.of();
    return "00-"
        + hex.toHexDigits(random.nextLong())
        + hex.toHexDigits(random.nextLong() | 1)
        + '-'
        + hex.toHexDigits(random.nextLong() | 1)
        + "-00";
  }
}
