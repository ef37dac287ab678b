package io.onnxfleet.gateway.rollout;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What shadows came to, counted, and the last few that were not the same. Safe for use by many
 * threads.
 */
final class ShadowReport {

  private static final int MOST_EXAMPLES = 10;

  @GuardedBy("this")
  private final Map<String, Long> counts = new TreeMap<>();

  @GuardedBy("this")
  private final Deque<Example> examples = new ArrayDeque<>();

  @GuardedBy("this")
  private double largest;

  /** A request whose two answers were not the same. */
  record Example(String requestId, String what) {}

  record Summary(Map<String, Long> counts, double largestDifference, List<Example> examples) {}

  synchronized void add(ShadowResult result, String requestId) {
    counts.merge(result.tag(), 1L, Long::sum);
    switch (result) {
      case ShadowResult.Compared compared -> {
        largest = Math.max(largest, compared.difference());
        if (!compared.isSame()) {
          keep(requestId, "numbers differ by " + compared.difference());
        }
      }
      case ShadowResult.Different different -> keep(requestId, different.what());
      case ShadowResult.Failed failed -> keep(requestId, failed.why());
      case ShadowResult.Uncompared uncompared -> keep(requestId, uncompared.why());
      case ShadowResult.Skipped _ -> {}
    }
  }

  synchronized Summary summary() {
    return new Summary(Map.copyOf(counts), largest, List.copyOf(examples));
  }

  @GuardedBy("this")
  private void keep(String requestId, String what) {
    if (examples.size() == MOST_EXAMPLES) {
      examples.removeFirst();
    }
    examples.addLast(new Example(requestId, what));
  }
}
