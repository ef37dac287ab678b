/**
 * Makes ONNX models smaller and faster, and measures what that costs. Start at {@code command} for
 * the command line; as a library at {@link io.onnxfleet.optimizer.graph.OnnxModel}, {@link
 * io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization}, {@link
 * io.onnxfleet.optimizer.fuse.TransformerFusion} and {@link
 * io.onnxfleet.optimizer.compare.Comparison}.
 */
@NullMarked
package io.onnxfleet.optimizer;

import org.jspecify.annotations.NullMarked;
