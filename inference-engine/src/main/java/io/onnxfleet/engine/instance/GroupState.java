package io.onnxfleet.engine.instance;

import org.jspecify.annotations.Nullable;

/** What of a group changes while it serves, as its instances ask for it before each batch. */
interface GroupState {
  /** What may be done with rows now. */
  RowTerms rowTerms();

  /** How many instances there are now. */
  int instances();

  /** Who has merged requests compared, if anybody does. */
  @Nullable Sentinel sentinel();

  /** The proof by requests, if one is under way. */
  @Nullable LiveProof proof();
}
