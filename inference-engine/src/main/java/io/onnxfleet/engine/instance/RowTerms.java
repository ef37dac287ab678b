package io.onnxfleet.engine.instance;

/**
 * What may be done with the rows of a version's requests, and why. Immutable.
 *
 * @param merged true if requests share runs
 * @param cut how a request of many rows may be run in pieces
 * @param bounded true if a request that is not cut has at most as many rows as a batch; without, it
 *     runs whole, whatever its rows
 * @param reason one plain sentence without a full stop, for the index and the log
 */
public record RowTerms(boolean merged, Cut cut, boolean bounded, String reason) {
  /** How a request may be run in pieces. */
  public enum Cut {
    /** It runs whole, as it came. */
    NEVER,
    /** Into batches, where it has more rows than one holds. */
    BATCHES,
    /** Into its rows, each of which runs alone. */
    ROWS
  }

  /** Requests run as they came, each by itself. */
  public static RowTerms asTheyCame(String reason) {
    return new RowTerms(false, Cut.NEVER, false, reason);
  }

  /** Each row is answered by itself, so requests share runs and are cut. */
  public static RowTerms independent(String reason) {
    return new RowTerms(true, Cut.BATCHES, false, reason);
  }

  /** The same with something more to say. */
  public RowTerms saying(String more) {
    return more.isEmpty() ? this : new RowTerms(merged, cut, bounded, reason + "; " + more);
  }

  /** The same where nothing is merged or cut from now on. */
  public RowTerms stopped(String why) {
    return new RowTerms(false, Cut.NEVER, bounded, why);
  }

  /** True if a row's answer was shown not to depend on its company. */
  public boolean isIndependent() {
    return cut == Cut.BATCHES;
  }
}
