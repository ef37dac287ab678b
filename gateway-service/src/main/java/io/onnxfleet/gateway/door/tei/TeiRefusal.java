package io.onnxfleet.gateway.door.tei;

import io.onnxfleet.contract.api.ErrorCategory;
import io.onnxfleet.contract.api.ErrorCode;
import java.util.Locale;

/** A request that is not answered, as TEI says it. */
final class TeiRefusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** TEI's types of errors, with their statuses. */
  enum Type {
    VALIDATION(422),
    EMPTY(400),
    OVERLOADED(429),
    TOKENIZER(422),
    BACKEND(424),
    UNHEALTHY(503);

    private final int status;

    Type(int status) {
      this.status = status;
    }

    /** As it stands in a body. */
    String label() {
      String name = name().toLowerCase(Locale.ROOT);
      return Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }
  }

  private final Type type;
  private final int status;

  TeiRefusal(Type type, String message) {
    this(type, type.status, message);
  }

  private TeiRefusal(Type type, int status, String message) {
    super(message, null, false, false);
    this.type = type;
    this.status = status;
  }

  static TeiRefusal invalid(String message) {
    return new TeiRefusal(Type.VALIDATION, message);
  }

  /** What the gateway refuses. */
  static TeiRefusal of(ErrorCode code, String message) {
    return code.category() == ErrorCategory.INVALID_REQUEST && code.status() != 413
        ? invalid(message)
        : of(code.status(), message);
  }

  /** What a status of the API means; credentials and sizes keep theirs. */
  static TeiRefusal of(int status, String message) {
    return switch (status) {
      case 400, 415 -> invalid(message);
      case 401, 403, 413 -> new TeiRefusal(Type.VALIDATION, status, message);
      case 429 -> new TeiRefusal(Type.OVERLOADED, message);
      case 404, 503 -> new TeiRefusal(Type.UNHEALTHY, message);
      default -> new TeiRefusal(Type.BACKEND, message);
    };
  }

  Type type() {
    return type;
  }

  int status() {
    return status;
  }
}
