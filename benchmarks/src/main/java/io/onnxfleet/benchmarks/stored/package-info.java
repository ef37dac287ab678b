/**
 * Whether a running server answers as models' stored outputs say: {@link
 * io.onnxfleet.benchmarks.stored.CheckCommand} sends each stored set of inputs and compares.
 */
@NullMarked
package io.onnxfleet.benchmarks.stored;

import org.jspecify.annotations.NullMarked;
