package io.onnxfleet.inference.protocol;

import io.onnxfleet.inference.lifecycle.ReplicaId;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HexFormat;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.MDC;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Names each request in logs and in its answer: its id and its trace context, as they came or new
 * ones, and the replica that answers. Ids that would not fit a log line are replaced.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class RequestIdentityFilter extends OncePerRequestFilter {
  static final String MDC_REQUEST_ID = "requestId";
  static final String MDC_TRACE_ID = "traceId";

  private static final int LONGEST_ID = 128;
  private static final int TRACE_PARENT_LENGTH = 55;

  private final ReplicaId replica;

  RequestIdentityFilter(ReplicaId replica) {
    this.replica = replica;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String requestId = request.getHeader(FleetHeaders.REQUEST_ID);
    if (requestId == null || !isPrintable(requestId)) {
      requestId = UUID.randomUUID().toString();
    }
    String traceParent = request.getHeader(FleetHeaders.TRACE_PARENT);
    if (traceParent == null || !isTraceParent(traceParent)) {
      traceParent = newTraceParent();
    }
    response.setHeader(FleetHeaders.REQUEST_ID, requestId);
    response.setHeader(FleetHeaders.TRACE_PARENT, traceParent);
    response.setHeader(FleetHeaders.REPLICA, replica.value());
    MDC.put(MDC_REQUEST_ID, requestId);
    MDC.put(MDC_TRACE_ID, traceParent.substring(3, 35));
    try {
      chain.doFilter(request, response);
    } finally {
      MDC.remove(MDC_REQUEST_ID);
      MDC.remove(MDC_TRACE_ID);
    }
  }

  private static boolean isPrintable(String id) {
    return !id.isEmpty()
        && id.length() <= LONGEST_ID
        && id.chars().allMatch(letter -> letter > ' ' && letter < 0x7F);
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
