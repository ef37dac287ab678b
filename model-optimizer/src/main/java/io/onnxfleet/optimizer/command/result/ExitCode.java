package io.onnxfleet.optimizer.command.result;

/** With what a command ends that does not end well; 2 is the command line's own. */
public final class ExitCode {
  /** It cannot be done. */
  public static final int FAILED = 1;

  /** The result lost too much, and was not written. */
  public static final int REFUSED = 3;

  private ExitCode() {}
}
