package io.onnxfleet.engine.error;

import com.google.errorprone.annotations.FormatMethod;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of the engine. Its message names the value that came and what was expected, and
 * may be shown to the caller.
 *
 * <p>A failure that is the caller's or the load's doing carries no stack trace, so that refusing a
 * request stays cheap; one of category {@link ErrorCategory#INTERNAL} does.
 */
public final class InferenceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final transient @Nullable Duration retryAfter;

  public InferenceException(ErrorCode code, String message) {
    this(code, message, null);
  }

  public InferenceException(ErrorCode code, String message, @Nullable Throwable cause) {
    this(code, message, cause, null);
  }

  private InferenceException(
      ErrorCode code, String message, @Nullable Throwable cause, @Nullable Duration retryAfter) {
    super(message, cause, false, code.category() == ErrorCategory.INTERNAL);
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** A refusal that says when the same request may be taken. */
  public static InferenceException retryable(ErrorCode code, String message, Duration retryAfter) {
    return new InferenceException(code, message, null, retryAfter);
  }

  /** A request that the caller must change: {@code String.format} of the message. */
  @FormatMethod
  public static InferenceException invalidInput(String format, @Nullable Object... arguments) {
    return new InferenceException(
        ErrorCode.INVALID_INPUT, String.format(Locale.ROOT, format, arguments));
  }

  public ErrorCode code() {
    return code;
  }

  /** How long to wait before the request is sent again; null if that is not known. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
