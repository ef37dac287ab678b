package io.onnxfleet.engine.request;

/**
 * The levels of priority in which requests wait for a model.
 *
 * @param count at least 1; level 1 is the highest
 * @param standard of a request that names none
 */
public record PriorityLevels(int count, int standard) {

  /** Of a model whose requests have no priority. */
  public static final PriorityLevels ONE = new PriorityLevels(1, 1);

  /**
   * The priority of work that nobody waits for. It stands behind all levels, of whatever model: it
   * runs when nothing else waits, and so that little has to wait for it.
   */
  public static final int BACKGROUND = Integer.MAX_VALUE;
}
