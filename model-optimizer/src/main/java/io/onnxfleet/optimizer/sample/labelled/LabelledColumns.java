package io.onnxfleet.optimizer.sample.labelled;

import org.jspecify.annotations.Nullable;

/**
 * Where in a file texts and labels stand.
 *
 * @param format null to find out
 * @param text the name of the column, or of the key
 * @param label likewise
 * @param headed false if the columns have no names: the first is the text, the second the label
 */
public record LabelledColumns(
    @Nullable LabelledFormat format, String text, String label, boolean headed) {
  /** Columns {@code text} and {@code label}. */
  public static final LabelledColumns DEFAULT = new LabelledColumns(null, "text", "label", true);
}
