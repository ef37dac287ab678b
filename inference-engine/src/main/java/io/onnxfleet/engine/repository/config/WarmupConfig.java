package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import java.util.List;

/**
 * A request that every instance runs before the model is ready.
 *
 * @param batchSize rows of the request, at least 1; each row holds the same data
 * @param count how often it runs, at least 1
 * @param inputs one for each required input of the model
 */
public record WarmupConfig(String name, int batchSize, int count, List<Input> inputs) {

  public WarmupConfig {
    inputs = List.copyOf(inputs);
    if (batchSize < 1 || count < 1) {
      throw new IllegalArgumentException(
          "warm-up '%s': batch_size: %d, count: %d (expected: >= 1)"
              .formatted(name, batchSize, count));
    }
  }

  /**
   * One input of the request.
   *
   * @param dims concrete, without the batch dimension where the model is batched
   */
  public record Input(String name, DataType dataType, Shape dims, Data data) {}

  /** Where the elements of a row come from. */
  public sealed interface Data {
    /** Zeros; of a BYTES tensor, empty strings. */
    record Zero() implements Data {}

    /** Random values; of a BYTES tensor, empty strings. */
    record Random() implements Data {}

    /** The raw bytes of a file in the folder {@code warmup} beside the model's versions. */
    record File(String fileName) implements Data {}
  }
}
