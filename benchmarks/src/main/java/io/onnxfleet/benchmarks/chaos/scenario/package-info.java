/**
 * What every scenario of chaos has at hand: the {@link
 * io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet} that it may harm, the {@link
 * io.onnxfleet.benchmarks.chaos.scenario.Traffic} of its callers, and its settings.
 */
@NullMarked
package io.onnxfleet.benchmarks.chaos.scenario;

import org.jspecify.annotations.NullMarked;
