package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.TraceContext;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.failure.LineBudget;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.observability.Outcome;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * The outermost filter: gives every request its identity, turns every error into an answer, and
 * writes one log line and one measurement when the request ends, however it ends. Answers of 2xx
 * and health checks are logged at DEBUG, everything else at INFO; of what an overload refuses or
 * clients give up, {@value #SHED_LINES} lines a second, of what else is refused {@value
 * #REFUSED_LINES}: a client that is refused in a loop fills no disk. Metrics count all of them.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 10)
public final class RequestTraceFilter implements WebFilter {

  private static final Logger LOGGER = LoggerFactory.getLogger("io.onnxfleet.gateway.access");

  private static final String ATTRIBUTE = RequestTrace.class.getName();
  private static final String MDC_REQUEST_ID = "requestId";
  private static final String MDC_TRACE_ID = "traceId";

  private static final int SHED_LINES = 20;
  private static final int REFUSED_LINES = 20;
  private static final int MOST_OF_A_PATH = 200;

  private final LineBudget shedLines = new LineBudget(SHED_LINES);
  private final LineBudget refusedLines = new LineBudget(REFUSED_LINES);
  private final LongSupplier random;
  private final ErrorResponses errors;
  private final GatewayMetrics metrics;
  private final LongSupplier nanoClock;

  RequestTraceFilter(
      LongSupplier random, ErrorResponses errors, GatewayMetrics metrics, LongSupplier nanoClock) {
    this.random = random;
    this.errors = errors;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
  }

  /** What this filter saw of an exchange: the others have not touched it yet. */
  private record Seen(RequestTrace trace, HttpHeaders headers) {}

  /** The trace of an exchange that has passed this filter. */
  public static RequestTrace traceOf(ServerWebExchange exchange) {
    return seen(exchange).trace();
  }

  /** Whether no filter has put other headers in the place of those that came. */
  @SuppressWarnings("ReferenceEquality") // A filter cannot change them, only put others there.
  static boolean hasHeadersAsTheyCame(ServerWebExchange exchange) {
    return seen(exchange).headers() == exchange.getRequest().getHeaders();
  }

  private static Seen seen(ServerWebExchange exchange) {
    return Objects.requireNonNull(
        exchange.getAttribute(ATTRIBUTE), "no RequestTraceFilter before this exchange");
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    long start = nanoClock.getAsLong();
    HttpHeaders headers = exchange.getRequest().getHeaders();
    RequestTrace trace =
        new RequestTrace(
            TraceContext.requestId(headers.getFirst(HeaderNames.REQUEST_ID), random),
            TraceContext.traceParent(headers.getFirst(HeaderNames.TRACE_PARENT), random));
    exchange.getAttributes().put(ATTRIBUTE, new Seen(trace, headers));
    exchange.getResponse().getHeaders().set(HeaderNames.REQUEST_ID, trace.requestId());
    AtomicBoolean ended = new AtomicBoolean();
    return chain
        .filter(exchange)
        .onErrorResume(error -> errors.write(exchange, error))
        .doOnTerminate(() -> end(exchange, trace, start, ended, false))
        .doOnCancel(() -> end(exchange, trace, start, ended, true));
  }

  private void end(
      ServerWebExchange exchange,
      RequestTrace trace,
      long start,
      AtomicBoolean ended,
      boolean cancelled) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    long now = nanoClock.getAsLong();
    long nanos = now - start;
    String path = exchange.getRequest().getURI().getRawPath();
    if (path.startsWith("/actuator") || ApiPaths.isOfProcess(path)) {
      return;
    }
    HttpStatusCode status = exchange.getResponse().getStatusCode();
    Outcome outcome = cancelled ? Outcome.CANCELLED : Outcome.of(status);
    metrics.requestEnded(trace.model(), outcome, nanos);
    boolean expected =
        !cancelled && (status == null || status.is2xxSuccessful() || ApiPaths.isHealth(path));
    if (expected ? !LOGGER.isDebugEnabled() : !LOGGER.isInfoEnabled()) {
      return;
    }
    if (!LOGGER.isDebugEnabled()) {
      long leftOut = (outcome.isShed() ? shedLines : refusedLines).take(now);
      if (leftOut < 0) {
        return;
      }
      if (leftOut > 0) {
        LOGGER.info("{} refused or cancelled requests are not listed (at DEBUG they are)", leftOut);
      }
    }
    log(exchange, trace, expected, cancelled ? "cancelled" : statusText(status), nanos);
  }

  private static void log(
      ServerWebExchange exchange, RequestTrace trace, boolean expected, String status, long nanos) {
    MDC.put(MDC_REQUEST_ID, trace.requestId());
    MDC.put(MDC_TRACE_ID, trace.traceId());
    try {
      LOGGER
          .atLevel(expected ? Level.DEBUG : Level.INFO)
          .log(
              "{} {} status={} ms={} model={} replica={} tries={} request={} trace={}",
              exchange.getRequest().getMethod(),
              shortened(exchange.getRequest().getURI().getRawPath()),
              status,
              nanos / 1_000_000,
              trace.model(),
              trace.replica(),
              trace.tries(),
              trace.requestId(),
              trace.traceId());
    } finally {
      MDC.remove(MDC_REQUEST_ID);
      MDC.remove(MDC_TRACE_ID);
    }
  }

  private static String shortened(String path) {
    return path.length() <= MOST_OF_A_PATH ? path : path.substring(0, MOST_OF_A_PATH) + "...";
  }

  private static String statusText(@Nullable HttpStatusCode status) {
    return status == null ? "200" : Integer.toString(status.value());
  }
}
