/**
 * Less for ONNX Runtime to do, with the same outputs: {@link
 * io.onnxfleet.optimizer.simplify.ShapeFreezing} fixes dimensions.
 */
@NullMarked
package io.onnxfleet.optimizer.simplify;

import org.jspecify.annotations.NullMarked;
