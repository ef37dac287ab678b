package io.onnxfleet.jobs.lines;

import org.jspecify.annotations.Nullable;

/** A line that is none of a batch. Carries no stack trace; the message may be shown. */
final class LineException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final @Nullable String param;

  LineException(String code, String message, @Nullable String param) {
    super(message, null, false, false);
    this.code = code;
    this.param = param;
  }

  LineError at(int line) {
    return new LineError(code, String.valueOf(getMessage()), param, line);
  }
}
