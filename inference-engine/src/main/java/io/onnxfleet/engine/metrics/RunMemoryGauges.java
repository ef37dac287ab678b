package io.onnxfleet.engine.metrics;

/** Readings of what the runs of all models take; thread-safe, cheap. */
public interface RunMemoryGauges {
  /** What sessions hold and runs under way are expected to take, in bytes. */
  long bytes();

  /** What that may be at most. */
  long mostBytes();

  /** How many runs have had to wait since the start. */
  long waits();
}
