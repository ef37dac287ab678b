/**
 * What a fleet of real processes does while something goes wrong: {@link ChaosCommand} runs
 * scenarios, which have what {@code scenario} gives, and judges them by what {@code bar} has. A
 * scenario is a class here, or in {@code jobs}; what it does its harm with may lie in a package of
 * its own ({@code crowd}, {@code models}), which knows no fleet.
 */
@NullMarked
package io.onnxfleet.benchmarks.chaos;

import org.jspecify.annotations.NullMarked;
