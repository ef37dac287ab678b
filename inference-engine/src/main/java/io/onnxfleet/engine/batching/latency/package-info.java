/**
 * How long a model version takes, learned while it runs: {@link LatencyModel} is told of executed
 * batches, its {@link LatencyCurve} predicts the next ones.
 */
@NullMarked
package io.onnxfleet.engine.batching.latency;

import org.jspecify.annotations.NullMarked;
