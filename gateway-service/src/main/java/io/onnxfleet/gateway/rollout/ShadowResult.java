package io.onnxfleet.gateway.rollout;

/** What came of giving a request to the candidate too. */
public sealed interface ShadowResult {

  /**
   * Both answers hold the same outputs.
   *
   * @param difference the largest of two numbers, of the largest number of their output
   * @param isSame whether that is tolerated
   */
  record Compared(double difference, boolean isSame) implements ShadowResult {}

  /** The answers differ in more than numbers. */
  record Different(String what) implements ShadowResult {}

  /** The candidate did not answer well. */
  record Failed(String why) implements ShadowResult {}

  /** The answers are too large or of a form that is not compared. */
  record Uncompared(String why) implements ShadowResult {}

  /** There was no room for it. */
  record Skipped() implements ShadowResult {}

  default String tag() {
    return switch (this) {
      case Compared compared -> compared.isSame ? "same" : "different";
      case Different _ -> "different";
      case Failed _ -> "failed";
      case Uncompared _ -> "uncompared";
      case Skipped _ -> "skipped";
    };
  }
}
