package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ErrorCategory;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.LineBudget;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.ErrorResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * The one mapping from an error to an answer. Errors under {@code /v1} have OpenAI's shape, all
 * others are exactly {@code {"error":"..."}}; retryable categories carry {@code Retry-After}. Safe
 * for use by many threads.
 */
@Component
final class ErrorResponses {

  private static final Logger LOGGER = LoggerFactory.getLogger(ErrorResponses.class);

  /** Of defects, a second. */
  private static final int FAILURE_LINES = 5;

  /** What the gateway itself says before it fails; lower case. */
  private static final Set<String> KEPT_HEADERS =
      Set.of(
          HeaderNames.REQUEST_ID.toLowerCase(Locale.ROOT),
          "allow",
          HeaderNames.REPLICA_RESULTS.toLowerCase(Locale.ROOT),
          // Without these no browser shows the error to the page that asked.
          "access-control-allow-origin",
          "access-control-allow-credentials",
          "access-control-expose-headers",
          "vary");

  private final LineBudget failures = new LineBudget(FAILURE_LINES);
  private final LongSupplier nanoClock;

  @Autowired
  ErrorResponses() {
    this(System::nanoTime);
  }

  ErrorResponses(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /**
   * Answers with the error. Once an answer has begun nothing can be said any more: the error is
   * passed on, which breaks the client's connection, so that no half answer looks whole.
   */
  Mono<Void> write(ServerWebExchange exchange, Throwable error) {
    ServerHttpResponse response = exchange.getResponse();
    if (response.isCommitted()) {
      return Mono.error(error);
    }
    String path = exchange.getRequest().getURI().getRawPath();
    GatewayException refusal = refusalOf(exchange, path, error);
    ErrorCode code = refusal.code();
    response.setStatusCode(HttpStatusCode.valueOf(code.status()));
    HttpHeaders headers = response.getHeaders();
    removeAnswersHeaders(headers);
    headers.setContentType(MediaType.APPLICATION_JSON);
    if (code.category().isRetryable() && refusal.retryAfterSeconds() > 0) {
      headers.set(HttpHeaders.RETRY_AFTER, Long.toString(refusal.retryAfterSeconds()));
    }
    if (code == ErrorCode.SUSPECT_REQUEST || code == ErrorCode.MODEL_ON_PROBATION) {
      headers.set(HeaderNames.SUSPECT, "true");
    }
    if (!HttpMethod.POST.equals(exchange.getRequest().getMethod())) {
      // Proxies may keep a 404 otherwise.
      headers.setCacheControl("no-store");
    }
    if (code == ErrorCode.REQUEST_TOO_LARGE || code == ErrorCode.BODY_TIMEOUT) {
      // The rest of the body is not worth reading, so the connection cannot be used again.
      headers.set(HttpHeaders.CONNECTION, "close");
    }
    if (code.category() == ErrorCategory.UNAUTHENTICATED) {
      headers.set(HttpHeaders.WWW_AUTHENTICATE, challenge(code));
    }
    byte[] body = refusal.bodyFor(path);
    headers.setContentLength(body.length);
    return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
  }

  /**
   * A replica's answer may have begun and failed before anything of it was sent: what it said of
   * its body must not describe the error's.
   */
  private static void removeAnswersHeaders(HttpHeaders headers) {
    for (String name : List.copyOf(headers.headerNames())) {
      if (!KEPT_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
        headers.remove(name);
      }
    }
  }

  /** RFC 6750, 3: what was wrong with credentials, if there were any. */
  private static String challenge(ErrorCode code) {
    if (code == ErrorCode.STRANGER) {
      return HeaderNames.SIGNATURE_SCHEME;
    }
    return code == ErrorCode.CREDENTIALS_INVALID || code == ErrorCode.CREDENTIALS_EXPIRED
        ? "Bearer error=\"invalid_token\""
        : "Bearer";
  }

  private GatewayException refusalOf(
      ServerWebExchange exchange, @Nullable String path, Throwable error) {
    if (error instanceof GatewayException refusal) {
      return refusal;
    }
    if (error instanceof RejectedExecutionException) {
      return new GatewayException(
          ErrorCode.GATEWAY_OVERLOADED, "too many bodies wait to be read (expected: fewer)");
    }
    if (error instanceof ErrorResponse response) {
      HttpStatusCode status = response.getStatusCode();
      switch (status.value()) {
        case 404 -> {
          return new GatewayException(ErrorCode.UNKNOWN_PATH, "unknown path: " + path);
        }
        case 405 -> {
          return new GatewayException(
              ErrorCode.METHOD_NOT_ALLOWED,
              exchange.getRequest().getMethod() + " is not allowed on " + path);
        }
        case 413 -> {
          return new GatewayException(ErrorCode.REQUEST_TOO_LARGE, "the body is too large");
        }
        // Of a team's own routes.
        case 503 -> {
          return new GatewayException(
              ErrorCode.NO_REPLICA, "unavailable: " + response.getBody().getDetail());
        }
        case 504 -> {
          return new GatewayException(
              ErrorCode.DEADLINE_EXCEEDED, "no answer in time: " + response.getBody().getDetail());
        }
        default -> {
          if (status.is4xxClientError()) {
            return new GatewayException(
                ErrorCode.MALFORMED_REQUEST, "malformed request: " + response.getBody().getTitle());
          }
        }
      }
    }
    long leftOut = failures.take(nanoClock.getAsLong());
    if (leftOut >= 0) {
      LOGGER.error(
          "{} {} failed ({} more are not listed)",
          exchange.getRequest().getMethod(),
          path,
          leftOut,
          error);
    }
    return new GatewayException(ErrorCode.INTERNAL, "internal error of the gateway");
  }
}
