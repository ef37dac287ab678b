package io.onnxfleet.engine.batching;

import java.util.List;

/**
 * Items to execute together. Closed: nothing joins it any more.
 *
 * @param items at least one, of equal shape keys
 * @param rows the sum of the items' rows
 * @param length the largest of the items' lengths, to which the others are padded
 * @param closedNanos the ticker's reading when the batch was closed
 */
public record Batch<T extends BatchItem>(List<T> items, int rows, long length, long closedNanos) {
  public Batch {
    items = List.copyOf(items);
  }
}
