/**
 * ONNX models as graphs that can be changed: {@link io.onnxfleet.optimizer.graph.OnnxModel} reads
 * and writes files, {@link io.onnxfleet.optimizer.graph.Graph} is what passes rewrite.
 */
@NullMarked
package io.onnxfleet.optimizer.graph;

import org.jspecify.annotations.NullMarked;
