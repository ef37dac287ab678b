/**
 * Measures servers and models from outside. {@link io.onnxfleet.benchmarks.Benchmarks} is the way
 * in; {@link io.onnxfleet.benchmarks.Bench} measures a server under load, {@link
 * io.onnxfleet.benchmarks.RawCommand} ONNX Runtime without one, {@link
 * io.onnxfleet.benchmarks.Demo} shows what the fleet does.
 */
@NullMarked
package io.onnxfleet.benchmarks;

import org.jspecify.annotations.NullMarked;
