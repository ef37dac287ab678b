package io.onnxfleet.gateway.family;

/** What an answer is for, as far as it limits the choice of who gives it. */
public enum VariantUse {
  /** Each answer stands for itself. */
  ALONE,
  /** Answers are compared with those of other requests: vectors in an index. */
  COMPARED
}
