package io.onnxfleet.engine.text;

import org.jspecify.annotations.Nullable;

/**
 * What one call asks for beside its texts, whatever its task.
 *
 * @param prompt what goes before each text; empty for nothing, null for the model's default
 * @param wholeOnly true if a text that does not fit into one window is refused
 * @param priority in which the texts wait, 1 (highest) to the model's number of levels; 0 for the
 *     model's default
 */
record TextOptions(@Nullable String prompt, boolean wholeOnly, int priority) {}
