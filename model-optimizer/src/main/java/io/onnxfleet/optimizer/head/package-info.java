/**
 * Heads on frozen embedders: {@link io.onnxfleet.optimizer.head.Embedder} gives a text's vectors as
 * the fleet makes them, {@link io.onnxfleet.optimizer.head.HeadTraining} fits a classifier to them,
 * {@link io.onnxfleet.optimizer.head.ClassifierFolder} makes both one model that the fleet serves.
 */
@NullMarked
package io.onnxfleet.optimizer.head;

import org.jspecify.annotations.NullMarked;
