package io.onnxfleet.gateway.failure;

import org.springframework.http.HttpStatus;

/** Every refusal of the gateway's own, with its category and HTTP status. */
public enum ErrorCode {
  MALFORMED_REQUEST(ErrorCategory.INVALID_REQUEST, HttpStatus.BAD_REQUEST),
  REQUEST_LINE_TOO_LONG(ErrorCategory.INVALID_REQUEST, HttpStatus.URI_TOO_LONG),
  HEADERS_TOO_LARGE(ErrorCategory.INVALID_REQUEST, HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
  HEAD_TIMEOUT(ErrorCategory.INVALID_REQUEST, HttpStatus.REQUEST_TIMEOUT),
  BODY_TIMEOUT(ErrorCategory.INVALID_REQUEST, HttpStatus.REQUEST_TIMEOUT),
  BODY_TOO_LARGE(ErrorCategory.INVALID_REQUEST, HttpStatus.CONTENT_TOO_LARGE),
  UNSUPPORTED_ENCODING(ErrorCategory.INVALID_REQUEST, HttpStatus.UNSUPPORTED_MEDIA_TYPE),
  UNKNOWN_PATH(ErrorCategory.NOT_FOUND, HttpStatus.NOT_FOUND),
  METHOD_NOT_ALLOWED(ErrorCategory.INVALID_REQUEST, HttpStatus.METHOD_NOT_ALLOWED),
  MODEL_NOT_FOUND(ErrorCategory.NOT_FOUND, HttpStatus.NOT_FOUND),
  MODEL_NOT_READY(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  MODEL_QUARANTINED(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  MODEL_ON_PROBATION(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  SUSPECT_REQUEST(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  NO_REPLICA(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  GATEWAY_OVERLOADED(ErrorCategory.OVERLOADED, HttpStatus.TOO_MANY_REQUESTS),
  MODEL_OVERLOADED(ErrorCategory.OVERLOADED, HttpStatus.TOO_MANY_REQUESTS),
  REPLICAS_SATURATED(ErrorCategory.OVERLOADED, HttpStatus.TOO_MANY_REQUESTS),
  DEADLINE_UNREACHABLE(ErrorCategory.DEADLINE_EXCEEDED, HttpStatus.GATEWAY_TIMEOUT),
  BUDGET_UNREACHABLE(ErrorCategory.DEADLINE_EXCEEDED, HttpStatus.GATEWAY_TIMEOUT),
  QUALITY_UNAVAILABLE(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  DEADLINE_EXPIRED(ErrorCategory.DEADLINE_EXCEEDED, HttpStatus.GATEWAY_TIMEOUT),
  ADMINISTRATION_CLOSED(ErrorCategory.FORBIDDEN, HttpStatus.FORBIDDEN),
  ADMINISTRATOR_UNKNOWN(ErrorCategory.FORBIDDEN, HttpStatus.UNAUTHORIZED),
  CREDENTIALS_MISSING(ErrorCategory.FORBIDDEN, HttpStatus.UNAUTHORIZED),
  CREDENTIALS_INVALID(ErrorCategory.FORBIDDEN, HttpStatus.UNAUTHORIZED),
  CREDENTIALS_EXPIRED(ErrorCategory.FORBIDDEN, HttpStatus.UNAUTHORIZED),
  SCOPE_MISSING(ErrorCategory.FORBIDDEN, HttpStatus.FORBIDDEN),
  MODEL_FORBIDDEN(ErrorCategory.FORBIDDEN, HttpStatus.FORBIDDEN),
  QUOTA_EXCEEDED(ErrorCategory.OVERLOADED, HttpStatus.TOO_MANY_REQUESTS),
  TOO_MANY_FAILURES(ErrorCategory.OVERLOADED, HttpStatus.TOO_MANY_REQUESTS),
  ISSUER_UNAVAILABLE(ErrorCategory.UNAVAILABLE, HttpStatus.SERVICE_UNAVAILABLE),
  REPLICA_REFUSED_CHANGE(ErrorCategory.INTERNAL, HttpStatus.BAD_GATEWAY),
  INTERNAL(ErrorCategory.INTERNAL, HttpStatus.INTERNAL_SERVER_ERROR);

  private final ErrorCategory category;
  private final HttpStatus status;

  ErrorCode(ErrorCategory category, HttpStatus status) {
    this.category = category;
    this.status = status;
  }

  public ErrorCategory category() {
    return category;
  }

  public HttpStatus status() {
    return status;
  }
}
