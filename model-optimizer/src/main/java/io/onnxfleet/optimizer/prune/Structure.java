package io.onnxfleet.optimizer.prune;

/** What can be removed from a model as a whole. */
public enum Structure {
  /** Columns between two matrix products, with only element-wise work between them. */
  NEURONS("neurons", 16),
  /** Heads of ONNX Runtime's fused attention operator. */
  HEADS("heads", 1),
  /** Channels between two convolutions, with only work on each channel by itself between them. */
  CHANNELS("channels", 8);

  private final String plural;
  private final int multiple;

  Structure(String plural, int multiple) {
    this.plural = plural;
    this.multiple = multiple;
  }

  /** For messages. */
  public String plural() {
    return plural;
  }

  /**
   * How many stay of so many: a multiple of what vector registers hold where there are enough, and
   * at least one.
   */
  int kept(int of, double share) {
    int wanted = (int) Math.floor(of * (1 - share) + 1e-9);
    int rounded = wanted >= 2 * multiple ? wanted - wanted % multiple : wanted;
    return Math.max(1, rounded);
  }
}
