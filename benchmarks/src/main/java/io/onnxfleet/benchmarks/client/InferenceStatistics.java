package io.onnxfleet.benchmarks.client;

import tools.jackson.databind.JsonNode;

/**
 * What a model's requests went through in the server, as {@code /v2/models/{m}/stats} tells it: two
 * readings subtracted are what happened between them. Immutable.
 *
 * @param batches which batches ran
 * @param requests how many requests succeeded
 * @param queueNanos how long those waited, in sum
 * @param computeNanos how long those were in the model's hands, its input and output included, in
 *     sum
 */
public record InferenceStatistics(
    BatchStatistics batches, long requests, long queueNanos, long computeNanos) {
  /** Sums the versions of a {@code model_stats} document. */
  static InferenceStatistics parse(JsonNode document) {
    long requests = 0;
    long queue = 0;
    long compute = 0;
    for (JsonNode version : document.path("model_stats")) {
      JsonNode sums = version.path("inference_stats");
      requests += sums.path("success").path("count").asLong();
      queue += nanos(sums, "queue");
      compute +=
          nanos(sums, "compute_input")
              + nanos(sums, "compute_infer")
              + nanos(sums, "compute_output");
    }
    return new InferenceStatistics(BatchStatistics.parse(document), requests, queue, compute);
  }

  private static long nanos(JsonNode sums, String part) {
    return sums.path(part).path("ns").asLong();
  }

  /** What happened since {@code earlier}; never less than nothing. */
  public InferenceStatistics since(InferenceStatistics earlier) {
    return new InferenceStatistics(
        batches.since(earlier.batches),
        Math.max(0, requests - earlier.requests),
        Math.max(0, queueNanos - earlier.queueNanos),
        Math.max(0, computeNanos - earlier.computeNanos));
  }

  /** How long a request waited, in the mean; 0 if there was none. */
  public double queueMillis() {
    return requests == 0 ? 0 : queueNanos / 1e6 / requests;
  }

  /** How long a request was computed, in the mean; 0 if there was none. */
  public double computeMillis() {
    return requests == 0 ? 0 : computeNanos / 1e6 / requests;
  }
}
