package io.onnxfleet.engine.runtime;

/**
 * How a session optimises its graph and keeps its memory.
 *
 * @param optimization which transformations the graph goes through before it is run
 * @param interOpThreads threads for operators that do not depend on each other, at least 1; has an
 *     effect on a parallel execution only
 * @param parallel whether such operators run at the same time
 * @param memoryArena whether memory of a run is kept for the next one
 * @param memoryPattern whether the layout of memory is remembered for each combination of input
 *     shapes, for ever: it grows with every new one
 * @param shrinkArena whether what a run has made the arena grow by is given back after it
 */
public record GraphSettings(
    Optimization optimization,
    int interOpThreads,
    boolean parallel,
    boolean memoryArena,
    boolean memoryPattern,
    boolean shrinkArena) {

  /** All optimisations, one operator at a time, an arena without patterns. */
  public static final GraphSettings DEFAULT =
      new GraphSettings(Optimization.ALL, 1, false, true, false, false);

  /** The runtime's levels of graph optimisation. */
  public enum Optimization {
    NONE(0),
    BASIC(1),
    EXTENDED(2),
    ALL(99);

    private final int level;

    Optimization(int level) {
      this.level = level;
    }

    int level() {
      return level;
    }
  }

  public GraphSettings {
    if (interOpThreads < 1) {
      throw new IllegalArgumentException(
          "inter-op-threads: " + interOpThreads + " (expected: >= 1)");
    }
  }

  GraphSettings withOptimization(Optimization wanted) {
    return new GraphSettings(
        wanted, interOpThreads, parallel, memoryArena, memoryPattern, shrinkArena);
  }
}
