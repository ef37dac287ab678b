package io.onnxfleet.optimizer.pass;

import java.util.List;

/** What a pass did. Each pass has a record of its own, with the figures of its kind. */
public interface PassReport {
  /** For whoever started the pass; may be none. */
  List<String> lines();

  /** False if the model is what it was. */
  default boolean changed() {
    return true;
  }
}
