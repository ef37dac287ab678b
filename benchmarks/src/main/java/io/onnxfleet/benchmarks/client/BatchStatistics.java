package io.onnxfleet.benchmarks.client;

import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * How many executions there were of each batch size, as {@code /v2/models/{m}/stats} tells it. Two
 * readings subtracted are what ran between them. Immutable.
 *
 * @param executions batch size to number of executions, neither of them negative
 */
public record BatchStatistics(Map<Long, Long> executions) {
  public BatchStatistics {
    executions.forEach(
        (size, count) -> {
          if (size < 0 || count < 0) {
            throw new IllegalArgumentException(
                count + " executions of batch size " + size + " (expected: none negative)");
          }
        });
    executions = Map.copyOf(executions);
  }

  /** Sums the versions of a {@code model_stats} document. */
  static BatchStatistics parse(JsonNode document) {
    Map<Long, Long> executions = new TreeMap<>();
    for (JsonNode version : document.path("model_stats")) {
      for (JsonNode batch : version.path("batch_stats")) {
        long size = batch.path("batch_size").asLong();
        long count = batch.path("compute_infer").path("count").asLong();
        executions.merge(size, count, Long::sum);
      }
    }
    return new BatchStatistics(executions);
  }

  /**
   * What ran since {@code earlier}. A replica that left in between counts for nothing, not less.
   */
  public BatchStatistics since(BatchStatistics earlier) {
    Map<Long, Long> difference = new TreeMap<>();
    executions.forEach(
        (size, count) -> {
          long ran = count - earlier.executions.getOrDefault(size, 0L);
          if (ran > 0) {
            difference.put(size, ran);
          }
        });
    return new BatchStatistics(difference);
  }

  /** Rows an execution, or 0 if nothing ran. */
  public double meanBatchSize() {
    long rows = 0;
    long count = 0;
    for (Map.Entry<Long, Long> entry : executions.entrySet()) {
      rows += entry.getKey() * entry.getValue();
      count += entry.getValue();
    }
    return count == 0 ? 0 : (double) rows / count;
  }
}
