/**
 * Measures servers and models from outside. {@link Benchmarks} is the way in. {@code bench}
 * measures a server under load, {@link RawCommand} ONNX Runtime without one, {@link Demo} shows
 * what the fleet does; {@code client} is how all of them speak with it.
 */
@NullMarked
package io.onnxfleet.benchmarks;

import org.jspecify.annotations.NullMarked;
