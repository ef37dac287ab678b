package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.jobs.execution.BusyException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * How long a slice, or a single request, keeps its thread while it only waits: for a gateway, or
 * for room at one. One of which anything came keeps it, since giving it back would have that done
 * again. Thread-safe.
 */
public final class SlicePatience {
  /** Much longer than a gateway's restart, much shorter than a model's being busy for good. */
  static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Duration PAUSE = Duration.ofSeconds(15);

  private final InstantSource clock;
  private final Instant until;
  private volatile boolean hasCome;

  /** Begins now. */
  public SlicePatience(InstantSource clock) {
    this.clock = clock;
    this.until = clock.instant().plus(LONGEST);
  }

  /** Something has come of a line. */
  public void come() {
    hasCome = true;
  }

  /**
   * A line waits.
   *
   * @throws BusyException if the slice has only waited for too long: others have their turn
   */
  public void requireTurn() throws BusyException {
    if (!hasCome && clock.instant().isAfter(until)) {
      throw new BusyException(PAUSE);
    }
  }
}
