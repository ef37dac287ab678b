package io.onnxfleet.optimizer.fuse;

/** One pattern and what takes its place. Stateless. */
interface Fusion {
  /** The operator that it makes. */
  String result();

  /**
   * Replaces every match.
   *
   * @return how many there were
   */
  int apply(Region region);
}
