/**
 * What a fleet of real processes does while something goes wrong: {@link
 * io.onnxfleet.benchmarks.chaos.ChaosCommand} runs {@link io.onnxfleet.benchmarks.chaos.Scenario}s
 * and judges them by {@link io.onnxfleet.benchmarks.chaos.Bar}s.
 */
@NullMarked
package io.onnxfleet.benchmarks.chaos;

import org.jspecify.annotations.NullMarked;
