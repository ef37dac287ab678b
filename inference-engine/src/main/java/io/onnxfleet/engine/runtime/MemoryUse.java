package io.onnxfleet.engine.runtime;

/**
 * What the runs of one session take, in bytes of this machine's memory.
 *
 * @param held what is kept for runs, free or not; what the session's weights take is not counted
 * @param peak the most of it that one run has used since the session was opened
 */
public record MemoryUse(long held, long peak) {
  /** Where nobody counts: on accelerators, and in sessions without an arena. */
  public static final MemoryUse UNKNOWN = new MemoryUse(-1, -1);

  public boolean isKnown() {
    return held >= 0;
  }
}
