package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.tensor.Shape;

/**
 * Whether a model answers each row as if it had been asked for that row alone. Only where that was
 * shown may requests share a run, or be cut into several. Immutable.
 */
public sealed interface RowVerdict {
  /** One plain sentence, without a full stop. */
  String reason();

  /** True if it was shown that each row is answered by itself. */
  default boolean isProven() {
    return this instanceof Proven;
  }

  /** Together and alone the rows were answered alike. */
  record Proven(String reason) implements RowVerdict {}

  /**
   * Nothing was shown, neither way.
   *
   * @param wantsInputs true if it is only that no made-up inputs were taken, so that real ones may
   *     still show it
   */
  record Unproven(String reason, boolean wantsInputs) implements RowVerdict {
    public Unproven(String reason) {
      this(reason, false);
    }
  }

  /**
   * As {@link Proven} once the activations' quantization is left out, which takes one scale over
   * all rows of a run: a row's answer is exact only if it runs alone.
   */
  record ProvenAlone(String reason) implements RowVerdict {}

  /**
   * A row was answered in another way in company than alone.
   *
   * @param output the output that differs
   * @param rows of the run
   * @param together the output's shape in that run
   * @param alone the shape that the rows alone have together
   * @param difference what differs, in a few words: figures, never data
   */
  record Refuted(String output, long rows, Shape together, Shape alone, String difference)
      implements RowVerdict {
    @Override
    public String reason() {
      return "rows depend on each other: output '%s' of %d rows has shape %s together and %s alone, %s"
          .formatted(output, rows, together, alone, difference);
    }
  }
}
