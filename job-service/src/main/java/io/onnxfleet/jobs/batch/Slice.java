package io.onnxfleet.jobs.batch;

import io.onnxfleet.jobs.lines.Region;

/**
 * A piece of a batch, as it is worked on.
 *
 * @param number from 0
 * @param fence whose results count: whoever takes the slice moves it on
 */
public record Slice(String batchId, int number, Region region, long fence) {}
