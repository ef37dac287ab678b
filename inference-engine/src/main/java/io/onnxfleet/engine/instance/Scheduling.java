package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.BatchingPolicy;

/** How a model version's batches are formed: the queue's bounds, and when a batch is closed. */
public record Scheduling(BatchSchedulerOptions options, BatchingPolicy policy) {}
