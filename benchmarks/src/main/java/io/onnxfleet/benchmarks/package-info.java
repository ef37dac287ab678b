/**
 * Measures a running fleet from outside. {@link io.onnxfleet.benchmarks.Benchmarks} is the way in;
 * {@link io.onnxfleet.benchmarks.Demo} shows what the fleet does, {@link
 * io.onnxfleet.benchmarks.Saturation} compares it with raw ONNX Runtime.
 */
@NullMarked
package io.onnxfleet.benchmarks;

import org.jspecify.annotations.NullMarked;
