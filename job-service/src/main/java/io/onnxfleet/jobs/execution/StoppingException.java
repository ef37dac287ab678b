package io.onnxfleet.jobs.execution;

/** This process ends: the work is somebody else's, or its own after the next start. */
public final class StoppingException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Says so. */
  public StoppingException() {
    super("the process ends", null, false, false);
  }
}
