package io.onnxfleet.gateway.security.quota;

/**
 * What one caller may ask of the whole fleet; 0 is no bound.
 *
 * @param requestsPerMinute counted when they come
 * @param rowsPerMinute rows of tensors or texts, charged when the answer is there
 * @param tokensPerMinute tokens of texts, charged when the answer is there
 * @param concurrentRequests under way at a time
 */
public record Quota(
    long requestsPerMinute, long rowsPerMinute, long tokensPerMinute, int concurrentRequests) {

  public static final Quota NONE = new Quota(0, 0, 0, 0);

  public Quota {
    require("requests_per_minute", requestsPerMinute);
    require("rows_per_minute", rowsPerMinute);
    require("tokens_per_minute", tokensPerMinute);
    require("concurrent_requests", concurrentRequests);
  }

  private static void require(String key, long value) {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s: %d (expected: 0, which is no bound, to %d)"
              .formatted(key, value, Integer.MAX_VALUE));
    }
  }

  public boolean isNone() {
    return equals(NONE);
  }

  public boolean countsUnits() {
    return rowsPerMinute > 0 || tokensPerMinute > 0;
  }
}
