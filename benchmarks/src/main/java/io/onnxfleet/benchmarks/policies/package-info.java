/**
 * Batching policies compared on a virtual clock: {@link PolicyComparison} prints the table, {@link
 * Simulation} runs one cell of it on the engine's own scheduler.
 */
@NullMarked
package io.onnxfleet.benchmarks.policies;

import org.jspecify.annotations.NullMarked;
