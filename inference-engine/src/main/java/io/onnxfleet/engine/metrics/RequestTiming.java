package io.onnxfleet.engine.metrics;

/**
 * Where one answered request spent its time, in nanoseconds.
 *
 * @param rows how much it counted for
 * @param total from its acceptance to its answer
 * @param queue until its batch was closed
 * @param computeInput gathering its batch's inputs
 * @param computeInfer the model's run
 * @param computeOutput parting the outputs
 */
public record RequestTiming(
    long rows, long total, long queue, long computeInput, long computeInfer, long computeOutput) {}
