package io.onnxfleet.engine.error;

import com.google.errorprone.annotations.FormatMethod;
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

  public InferenceException(ErrorCode code, String message) {
    this(code, message, null);
  }

  public InferenceException(ErrorCode code, String message, @Nullable Throwable cause) {
    super(message, cause, false, code.category() == ErrorCategory.INTERNAL);
    this.code = code;
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
}
