package io.onnxfleet.engine.batching;

/**
 * What waits at a moment.
 *
 * @param items requests and pieces of requests
 * @param rows the sum of their rows
 * @param oldestNanos how long the first of the items has waited; 0 if none waits
 * @param closed true if nothing more is accepted
 */
public record QueueStatus(int items, long rows, long oldestNanos, boolean closed) {}
