package io.onnxfleet.engine.loading.child;

import java.time.Duration;

/**
 * How long a child may take for one question.
 *
 * @param cpu CPU time of all its threads: what a busy machine withholds is not held against it
 * @param wall by the clock, for what waits and never works
 */
public record TimeLimit(Duration cpu, Duration wall) {
  /** By how much a busy machine may stretch what a child does. */
  private static final int GENEROSITY = 10;

  public TimeLimit {
    if (cpu.toMillis() < 1 || wall.compareTo(cpu) < 0) {
      throw new IllegalArgumentException(
          "CPU time %s, by the clock %s (expected: >= 1 ms, and the clock's no less)"
              .formatted(cpu, wall));
    }
  }

  /** That much CPU time, and ten times as much by the clock. */
  public static TimeLimit ofCpu(Duration cpu) {
    return new TimeLimit(cpu, cpu.multipliedBy(GENEROSITY));
  }
}
