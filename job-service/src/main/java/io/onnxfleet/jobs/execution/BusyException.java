package io.onnxfleet.jobs.execution;

import java.time.Duration;

/** The work's turn comes later: others have theirs first. */
public final class BusyException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Duration pause;

  /**
   * Its turn comes later.
   *
   * @param pause how much later
   */
  public BusyException(Duration pause) {
    super("others have their turn", null, false, false);
    this.pause = pause;
  }

  /** How much later. */
  Duration pause() {
    return pause;
  }
}
