package io.onnxfleet.gateway.connection;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.Quotation;
import org.jspecify.annotations.Nullable;

/**
 * The bounds of a request's head, in bytes, and what is said of one that breaks them.
 *
 * @param requestLine of its first line
 * @param headers of all headers together
 */
public record HeadLimits(long requestLine, long headers) {

  /** What the codec could not read. */
  GatewayException refusalOf(@Nullable Throwable cause) {
    if (cause instanceof TooLongHttpLineException) {
      return new GatewayException(
          ErrorCode.REQUEST_LINE_TOO_LONG,
          "request line: more than " + requestLine + " bytes (expected: at most that)");
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return new GatewayException(
          ErrorCode.HEADERS_TOO_LARGE,
          "headers: more than " + headers + " bytes (expected: at most that)");
    }
    String reason = Quotation.of(cause == null ? null : cause.getMessage());
    return new GatewayException(
        ErrorCode.MALFORMED_REQUEST,
        reason.isEmpty() ? "malformed request" : "malformed request: " + reason);
  }

  /** What the framework refused without a word. */
  GatewayException refusalOf(HttpResponseStatus status) {
    return switch (status.code()) {
      case 404 -> new GatewayException(ErrorCode.UNKNOWN_PATH, "unknown path");
      case 405 -> new GatewayException(ErrorCode.METHOD_NOT_ALLOWED, "method not allowed");
      case 413 -> new GatewayException(ErrorCode.REQUEST_TOO_LARGE, "the body is too large");
      case 414 -> refusalOf(new TooLongHttpLineException());
      case 431 -> refusalOf(new TooLongHttpHeaderException());
      default ->
          new GatewayException(
              ErrorCode.MALFORMED_REQUEST, "malformed request: " + status.reasonPhrase());
    };
  }
}
