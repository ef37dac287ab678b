package io.onnxfleet.gateway.security;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Tells of administration: who did what to which model, from where, and how it ended, refused
 * attempts included. One line each, of the logger {@code io.onnxfleet.gateway.audit}. Safe for use
 * by many threads.
 */
public final class AuditLog {

  private static final Logger LOGGER = LoggerFactory.getLogger("io.onnxfleet.gateway.audit");

  /** Which the trace's filter has set by then. */
  private static final int LONGEST_NAME = 200;

  /** Does the work, and tells of it when it has ended. */
  public Mono<Void> during(
      ServerWebExchange exchange, String action, String model, Access access, Mono<Void> work) {
    return work.doOnSuccess(done -> tell(exchange, action, model, access, status(exchange), null))
        .doOnError(failure -> tell(exchange, action, model, access, "failed", failure))
        .doOnCancel(() -> tell(exchange, action, model, access, "cancelled", null));
  }

  private static String status(ServerWebExchange exchange) {
    HttpStatusCode status = exchange.getResponse().getStatusCode();
    return status == null ? "200" : Integer.toString(status.value());
  }

  private static void tell(
      ServerWebExchange exchange,
      String action,
      String model,
      Access access,
      String end,
      @Nullable Throwable failure) {
    String reason =
        failure == null
            ? ""
            : failure instanceof GatewayException refusal
                ? refusal.code().status() + " " + refusal.getMessage()
                : failure.toString();
    LOGGER.info(
        "{} of '{}' by {} from {}: {}{} (request={})",
        action,
        oneLine(model),
        access.caller(),
        CallerAddresses.peer(exchange.getRequest()),
        end,
        reason.isEmpty() ? "" : ", " + oneLine(reason),
        exchange.getResponse().getHeaders().getFirst(HeaderNames.REQUEST_ID));
  }

  void keysChanged(int count, List<String> changes) {
    LOGGER.info("keys: {} known (+ added, - removed, ~ changed): {}", count, changes);
  }

  /** What callers wrote cannot look like a line of ours. */
  private static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() > LONGEST_NAME ? line.substring(0, LONGEST_NAME) + "..." : line;
  }
}
