/**
 * Fewer, larger operators for transformers: start at {@link
 * io.onnxfleet.optimizer.fuse.TransformerFusion}.
 */
@NullMarked
package io.onnxfleet.optimizer.fuse;

import org.jspecify.annotations.NullMarked;
