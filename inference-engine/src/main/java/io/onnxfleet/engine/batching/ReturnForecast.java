package io.onnxfleet.engine.batching;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Tells how many requests will come within a moment: callers that ask again as soon as they were
 * answered do so in a bunch, when a batch is done. Each answer is a credit, which an arrival within
 * the horizon uses up; the share of credits that are used says whether callers return at all. A
 * lone caller has used up its credit when its request is there, so nothing more is expected then.
 * Not thread-safe.
 */
final class ReturnForecast {
  private static final double STEP = 1.0 / 64;
  private static final double LEAST_SHARE = 0.75;
  private static final int MOST_BATCHES = 64;

  private static final class Credit {
    final long expiryNanos;
    int left;

    Credit(long expiryNanos, int left) {
      this.expiryNanos = expiryNanos;
      this.left = left;
    }
  }

  private final Deque<Credit> credits = new ArrayDeque<>();
  private double share;
  private long answeredNanos;

  /** That many requests were answered; whoever returns does so within the horizon. */
  void answered(int requests, long now, long horizonNanos) {
    expire(now);
    if (requests == 0) {
      return;
    }
    if (credits.size() == MOST_BATCHES) {
      credits.removeFirst();
    }
    answeredNanos = now;
    credits.add(new Credit(now + horizonNanos, requests));
  }

  void arrived(long now) {
    expire(now);
    Credit first = credits.peekFirst();
    if (first == null) {
      return;
    }
    share += STEP * (1 - share);
    first.left--;
    if (first.left == 0) {
      credits.removeFirst();
    }
  }

  /** The reading of the ticker at the last {@link #answered}. */
  long answeredNanos() {
    return answeredNanos;
  }

  /** Requests to come; 0 if callers usually do not return. */
  int expected(long now) {
    expire(now);
    if (share < LEAST_SHARE) {
      return 0;
    }
    int expected = 0;
    for (Credit credit : credits) {
      expected += credit.left;
    }
    return expected;
  }

  private void expire(long now) {
    Credit first = credits.peekFirst();
    while (first != null && now - first.expiryNanos >= 0) {
      for (int lost = 0; lost < first.left; lost++) {
        share -= STEP * share;
      }
      credits.removeFirst();
      first = credits.peekFirst();
    }
  }
}
