package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.Objects;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;

/** The one mapping from what went wrong to HTTP. */
public final class ErrorStatus {
  /** Where nothing better is known; the header knows only whole seconds. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private static final int CLIENT_CLOSED_REQUEST = 499;

  private ErrorStatus() {}

  public static HttpStatusCode of(ErrorCategory category) {
    return HttpStatusCode.valueOf(
        switch (category) {
          case INVALID_REQUEST -> 400;
          case NOT_FOUND -> 404;
          case TOO_LARGE -> 413;
          case OVERLOADED -> 429;
          case CANCELLED -> CLIENT_CLOSED_REQUEST;
          case INTERNAL -> 500;
          case UNAVAILABLE, UNAVAILABLE_FOR_GOOD -> 503;
          case DEADLINE_EXCEEDED -> 504;
        });
  }

  /** The headers that go with an error: when to come again, and whether elsewhere. */
  static HttpHeaders headers(InferenceException failure) {
    ErrorCode code = failure.code();
    HttpHeaders headers = new HttpHeaders();
    if (code.category().isRetryable()) {
      headers.set(HttpHeaders.RETRY_AFTER, Long.toString(seconds(failure)));
    }
    if (code == ErrorCode.SHUTTING_DOWN) {
      headers.set(FleetHeaders.REPLICA_STATE, FleetHeaders.DRAINING);
      // Nobody shall meet the connection while it is being closed.
      headers.set(HttpHeaders.CONNECTION, "close");
    }
    return headers;
  }

  private static long seconds(InferenceException failure) {
    Duration wait = Objects.requireNonNullElse(failure.retryAfter(), RETRY_AFTER);
    return Math.max(1, Math.ceilDiv(wait.toMillis(), 1_000));
  }
}
