package io.onnxfleet.inference.protocol.error;

import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.RequestBody;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/**
 * Makes the answer to a failed request, in the shape of the protocol that it spoke: the one mapping
 * from what went wrong to HTTP. Thread-safe.
 */
@Component
public final class ErrorResponses {
  private static final Logger log = LoggerFactory.getLogger(ErrorResponses.class);

  /** Where nothing better is known; the header knows only whole seconds. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private static final int INTERNAL = 500;

  private final ErrorArguments arguments;

  ErrorResponses(ErrorArguments arguments) {
    this.arguments = arguments;
  }

  /**
   * The answer to a request that was refused, which is logged where it is not the caller's doing.
   */
  ResponseEntity<byte[]> refused(InferenceException failure, HttpServletRequest request) {
    if (codeOf(failure.code()).status() >= INTERNAL) {
      log.warn("{} {}: {}", request.getMethod(), request.getRequestURI(), failure.getMessage());
      log.debug("{} {}", request.getMethod(), request.getRequestURI(), failure);
    }
    return of(request.getRequestURI(), failure, RequestBody.bytesOf(request));
  }

  /** Writes that answer, into which nothing was written. */
  public void write(
      InferenceException failure, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    write(refused(failure, request), response);
  }

  /** Writes an answer, into which nothing was written. */
  public static void write(ResponseEntity<byte[]> answer, HttpServletResponse response)
      throws IOException {
    byte[] body = Objects.requireNonNull(answer.getBody());
    response.setStatus(answer.getStatusCode().value());
    answer
        .getHeaders()
        .forEach((name, values) -> values.forEach(value -> response.addHeader(name, value)));
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  ResponseEntity<byte[]> of(String path, InferenceException failure) {
    return of(path, failure, null);
  }

  private ResponseEntity<byte[]> of(
      String path, InferenceException failure, @Nullable String bodyBytes) {
    ErrorCode code = codeOf(failure.code());
    String message = String.valueOf(failure.getMessage());
    @Nullable String named =
        switch (code) {
          case INVALID_INPUT, REQUEST_TOO_LARGE -> arguments.namedBy(message);
          default -> null;
        };
    @Nullable String param = named == null ? code.param() : named;
    HttpHeaders headers = headers(failure, code);
    if (bodyBytes != null) {
      headers.set(HeaderNames.BODY_BYTES, bodyBytes);
    }
    return respond(
        HttpStatusCode.valueOf(code.status()), headers, ErrorBody.of(path, code, message, param));
  }

  /** The answer to what the engine was never asked. */
  public static ResponseEntity<byte[]> of(
      String path, HttpStatusCode status, HttpHeaders headers, String message) {
    return respond(status, headers, ErrorBody.of(path, codeOf(status.value()), message));
  }

  private static ResponseEntity<byte[]> respond(
      HttpStatusCode status, HttpHeaders headers, ErrorBody body) {
    return ResponseEntity.status(status)
        .headers(headers)
        .contentType(MediaType.APPLICATION_JSON)
        .body(body.write());
  }

  /** What callers are told of the engine's failures. */
  static ErrorCode codeOf(io.onnxfleet.engine.error.ErrorCode failure) {
    return switch (failure) {
      case INVALID_INPUT -> ErrorCode.INVALID_INPUT;
      case UNSUPPORTED_FEATURE -> ErrorCode.UNSUPPORTED_FEATURE;
      case REQUEST_TOO_LARGE -> ErrorCode.REQUEST_TOO_LARGE;
      case MODEL_NOT_FOUND -> ErrorCode.MODEL_NOT_FOUND;
      case QUEUE_FULL, MEMORY_EXHAUSTED -> ErrorCode.MODEL_OVERLOADED;
      case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
      case CANCELLED -> ErrorCode.CANCELLED;
      case MODEL_NOT_READY -> ErrorCode.MODEL_NOT_READY;
      case MODEL_CANNOT_SERVE -> ErrorCode.MODEL_CANNOT_SERVE;
      case SHUTTING_DOWN -> ErrorCode.SHUTTING_DOWN;
      case MODEL_LOAD_FAILED -> ErrorCode.MODEL_LOAD_FAILED;
      case EXECUTION_FAILED -> ErrorCode.EXECUTION_FAILED;
    };
  }

  /** What a status says where nothing else does. */
  public static ErrorCode codeOf(int status) {
    return switch (status) {
      case 401 -> ErrorCode.STRANGER;
      case 404 -> ErrorCode.UNKNOWN_PATH;
      case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
      case 408 -> ErrorCode.BODY_TIMEOUT;
      case 413 -> ErrorCode.REQUEST_TOO_LARGE;
      case 414 -> ErrorCode.REQUEST_LINE_TOO_LONG;
      case 415 -> ErrorCode.UNSUPPORTED_ENCODING;
      case 431 -> ErrorCode.HEADERS_TOO_LARGE;
      default -> status < INTERNAL ? ErrorCode.MALFORMED_REQUEST : ErrorCode.INTERNAL;
    };
  }

  /** The headers that go with an error: when to come again, and whether elsewhere. */
  private static HttpHeaders headers(InferenceException failure, ErrorCode code) {
    HttpHeaders headers = new HttpHeaders();
    if (code.category().isRetryable()) {
      headers.set(HttpHeaders.RETRY_AFTER, Long.toString(seconds(failure)));
    }
    if (code == ErrorCode.SHUTTING_DOWN) {
      headers.set(HeaderNames.REPLICA_STATE, HeaderNames.DRAINING);
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
