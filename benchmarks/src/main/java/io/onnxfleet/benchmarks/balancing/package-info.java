/**
 * The gateway's balancing policies under a virtual clock: {@link
 * io.onnxfleet.benchmarks.balancing.BalancingComparison} runs many {@link
 * io.onnxfleet.benchmarks.balancing.Simulation simulations} and prints what came out.
 */
@NullMarked
package io.onnxfleet.benchmarks.balancing;

import org.jspecify.annotations.NullMarked;
