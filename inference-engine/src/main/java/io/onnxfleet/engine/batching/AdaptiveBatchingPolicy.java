package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.latency.LatencyCurve;
import java.time.Duration;

/**
 * Closes batches by what is known of how long they take.
 *
 * <ol>
 *   <li>A batch is not larger than pays: above the rows at which throughput is within a few
 *       hundredths of the best, a larger batch only makes everybody wait longer. Once items wait
 *       longer than the target, a slightly better throughput counts for more.
 *   <li>Nor is it larger than this executor's share of all that waits and runs, so that the
 *       executors stay evenly loaded.
 *   <li>Nor does it make an item miss its deadline that a smaller one would keep, as far as is
 *       known.
 *   <li>A batch that is smaller waits only if all other executors are busy, callers who were just
 *       answered are expected back, and the time that their joining saves exceeds the wait. A lone
 *       caller is never expected twice, so it never waits.
 * </ol>
 *
 * <p>As long as nothing is known, batches close at once with the executor's share, and at most
 * {@value #FIRST_ROWS} rows. Immutable.
 */
public final class AdaptiveBatchingPolicy implements BatchingPolicy {
  /*
   * Waiting for one more row costs the executor the gap until it comes, and saves
   *
   *   time(n) * (n + 1) / n - time(n + 1)
   *
   * of its time, which is a / n where time(n) = a + b * n: where a batch costs little more than its
   * rows, as on a CPU, only the shortest gaps pay; where it costs much, as on an accelerator,
   * longer ones do. Each arrival opens the next gap. All gaps together, counted from the last answers,
   * may take half of what the expected rows save by not being a batch of their own.
   */

  /** Without deadlines, items should not wait longer than that. */
  public static final Duration DEFAULT_TARGET_DELAY = Duration.ofMillis(50);

  private static final double SHARE_OF_SAVING = 0.5;

  /** Enough to learn from, and few enough that nobody waits long for it. */
  private static final int FIRST_ROWS = 8;

  private final long targetNanos;

  /** A policy by {@link #DEFAULT_TARGET_DELAY}. */
  public AdaptiveBatchingPolicy() {
    this(DEFAULT_TARGET_DELAY);
  }

  public AdaptiveBatchingPolicy(Duration targetDelay) {
    if (targetDelay.isNegative() || targetDelay.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "target-delay: %s (expected: 0 to 24 hours)".formatted(targetDelay));
    }
    targetNanos = targetDelay.toNanos();
  }

  @Override
  public Decision decide(QueueView view, long nowNanos) {
    Situation situation = view.situation();
    LatencyCurve latency = situation.latency();
    int share = share(situation, 0);
    if (!latency.isKnown()) {
      return new Close(Math.min(Math.min(view.maxBatchSize(), share), FIRST_ROWS));
    }
    int paying = payingRows(view, nowNanos);
    int rows = Math.min(paying, share);
    int kept = keepingDeadline(view, rows, nowNanos);
    if (kept < rows || view.rows() >= paying || view.isFull()) {
      return new Close(kept);
    }
    long wait = nanosToWait(view, paying, nowNanos);
    return wait > 0 ? new Wait(nowNanos + wait) : new Close(rows);
  }

  private int payingRows(QueueView view, long nowNanos) {
    LatencyCurve latency = view.situation().latency();
    boolean hurried = nowNanos - view.oldestNanos() > targetNanos;
    int paying = latency.bestRows(view.length(), hurried);
    if (view.rows() > paying) {
      paying = latency.rowsToTry(view.length(), hurried);
    }
    return Math.min(view.maxBatchSize(), paying);
  }

  private static int share(Situation situation, int more) {
    long rows = situation.waitingRows() + situation.runningRows() + more;
    return Math.clamp(Math.ceilDiv(rows, situation.executors()), 1, Integer.MAX_VALUE);
  }

  private static int keepingDeadline(QueueView view, int rows, long nowNanos) {
    LatencyCurve latency = view.situation().latency();
    long left = view.earliestDeadline().remainingNanos(nowNanos);
    int kept = Math.min(rows, view.rows());
    if (left == Long.MAX_VALUE
        || latency.nanos(kept, view.length()) <= left
        || latency.nanos(1, view.length()) > left) {
      return rows;
    }
    while (kept > 1 && latency.nanos(kept, view.length()) > left) {
      kept--;
    }
    return kept;
  }

  /** For how long it pays to leave the batch open; 0 or less if it does not. */
  private static long nanosToWait(QueueView view, int paying, long nowNanos) {
    Situation situation = view.situation();
    int returns = situation.expectedReturns();
    int goal = Math.min(paying, share(situation, returns));
    int rows = view.rows();
    if (returns == 0 || rows >= goal || situation.runningBatches() < situation.executors() - 1) {
      return 0;
    }
    LatencyCurve latency = situation.latency();
    long length = view.length();
    int more = Math.min(returns, goal - rows);
    long now = latency.nanos(rows, length);
    long saved = now + latency.nanos(more, length) - latency.nanos(rows + more, length);
    long gap = (long) ((double) now * (rows + 1) / rows) - latency.nanos(rows + 1, length);
    long sinceAnswer = nowNanos - situation.answeredNanos();
    long sinceLast = Math.min(sinceAnswer, nowNanos - view.newestNanos());
    long wait = Math.min((long) (SHARE_OF_SAVING * saved) - sinceAnswer, gap - sinceLast);
    long execution = latency.nanos(rows + more, length);
    return view.earliestDeadline().remainingNanos(nowNanos) < wait + execution ? 0 : wait;
  }
}
