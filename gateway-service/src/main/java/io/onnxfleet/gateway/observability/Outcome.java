package io.onnxfleet.gateway.observability;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatusCode;

/** How a request ended, as metrics tell it. */
public enum Outcome {
  SUCCESS,
  INVALID_REQUEST,
  NOT_FOUND,
  OVERLOADED,
  DEADLINE_EXCEEDED,
  UNAVAILABLE,
  INTERNAL,
  CANCELLED;

  private final String tag = name().toLowerCase(Locale.ROOT);

  /** By the status that the client gets; null for the one that holds where none was set. */
  public static Outcome of(@Nullable HttpStatusCode status) {
    int code = status == null ? 200 : status.value();
    return switch (code) {
      case 404 -> NOT_FOUND;
      case 429 -> OVERLOADED;
      case 503 -> UNAVAILABLE;
      case 504 -> DEADLINE_EXCEEDED;
      default -> code < 400 ? SUCCESS : code < 500 ? INVALID_REQUEST : INTERNAL;
    };
  }

  /** Whether an overload ends requests like that. */
  public boolean isShed() {
    return this == OVERLOADED
        || this == UNAVAILABLE
        || this == DEADLINE_EXCEEDED
        || this == CANCELLED;
  }

  String tag() {
    return tag;
  }
}
