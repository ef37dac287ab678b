/**
 * Texts with labels, from files that people have: {@link
 * io.onnxfleet.optimizer.sample.labelled.LabelledFile} reads them, {@link
 * io.onnxfleet.optimizer.sample.labelled.LabelledSplit} keeps some out of the training.
 */
@NullMarked
package io.onnxfleet.optimizer.sample.labelled;

import org.jspecify.annotations.NullMarked;
