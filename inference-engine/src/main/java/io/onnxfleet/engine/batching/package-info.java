/**
 * Waiting requests become batches: a {@link BatchScheduler} takes {@link BatchItem}s in, a {@link
 * BatchingPolicy} says when a batch closes, and whoever executes takes each closed {@link Batch}
 * out. Knows nothing of tensors or sessions.
 */
@NullMarked
package io.onnxfleet.engine.batching;

import org.jspecify.annotations.NullMarked;
