/**
 * How batches are worked off: {@link io.onnxfleet.jobs.execution.slice.SliceWork} answers the lines
 * of a slice.
 */
@NullMarked
package io.onnxfleet.jobs.execution.slice;

import org.jspecify.annotations.NullMarked;
