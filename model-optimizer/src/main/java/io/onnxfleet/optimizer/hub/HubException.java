package io.onnxfleet.optimizer.hub;

import io.onnxfleet.optimizer.OptimizerException;

/** A hub did not give what was asked for; the message says why, and what can be done. */
public final class HubException extends OptimizerException {
  private static final long serialVersionUID = 1;

  private final Reason reason;

  /** What is to be done about it differs. */
  public enum Reason {
    /** It wants a token, or another one. */
    UNAUTHORIZED,
    /** The model's terms were not accepted by who the token belongs to. */
    GATED,
    /** There is no such model, revision or file. */
    NOT_FOUND,
    /** It is busy or broken: later it may do. */
    UNAVAILABLE,
    /** What it answered is not its protocol, or not what it said before. */
    WRONG
  }

  HubException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  HubException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
