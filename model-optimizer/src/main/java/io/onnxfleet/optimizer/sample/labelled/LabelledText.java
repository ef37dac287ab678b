package io.onnxfleet.optimizer.sample.labelled;

/**
 * A text and what it is.
 *
 * @param line where it began in its file, from 1
 */
public record LabelledText(String text, String label, long line) {}
