package io.onnxfleet.engine.metrics;

/**
 * One execution of a model; durations in nanoseconds.
 *
 * @param requests how many requests (or pieces of large ones) shared it
 * @param rows its size along the batch axis
 * @param paddedRatio the share of its input elements that were padding, 0 to 1
 */
public record BatchTiming(
    int requests,
    long rows,
    double paddedRatio,
    long computeInput,
    long computeInfer,
    long computeOutput) {}
