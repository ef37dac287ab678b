/**
 * Generates load over HTTP/1.1 and measures it, at little cost of its own: it shares the CPUs with
 * the server that it measures. {@link io.onnxfleet.benchmarks.load.LoadGenerator} is the way in,
 * {@link io.onnxfleet.benchmarks.load.Measurement} what comes out; nothing here knows what a model
 * is.
 */
@NullMarked
package io.onnxfleet.benchmarks.load;

import org.jspecify.annotations.NullMarked;
