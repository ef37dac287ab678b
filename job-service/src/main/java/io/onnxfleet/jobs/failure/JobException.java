package io.onnxfleet.jobs.failure;

import io.onnxfleet.contract.api.ErrorCode;
import org.jspecify.annotations.Nullable;

/** A request that this process refuses. Carries no stack trace; the message may be shown. */
public final class JobException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final @Nullable String param;

  public JobException(ErrorCode code, String message) {
    this(code, message, null);
  }

  /**
   * A refusal of an argument.
   *
   * @param param which one it is; null if it is none
   */
  public JobException(ErrorCode code, String message, @Nullable String param) {
    super(message, null, false, false);
    this.code = code;
    this.param = param;
  }

  /** A request whose content is wrong. */
  public static JobException invalid(String param, String message) {
    return new JobException(ErrorCode.INVALID_INPUT, message, param);
  }

  public ErrorCode code() {
    return code;
  }

  public @Nullable String param() {
    return param;
  }
}
