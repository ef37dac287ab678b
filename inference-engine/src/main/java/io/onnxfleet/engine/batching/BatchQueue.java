package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.BatchingPolicy.Close;
import io.onnxfleet.engine.batching.BatchingPolicy.Wait;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What waits, and how a batch is formed of it: the {@link BatchScheduler} without its lock, its
 * threads and its clock.
 *
 * <ul>
 *   <li>A level never holds more items than its {@link QueuePolicy#bound()}.
 *   <li>The item that came first in the highest level leads; those of its key follow it, level by
 *       level and in their order. Items of other keys keep their places.
 *   <li>While the policy lets the leader wait, the next keys are asked for, so that a batch which
 *       is ready behind it does not wait with it.
 *   <li>An operation costs as much as the batch is large, and the logarithm of what waits.
 * </ul>
 *
 * <p>Not thread-safe.
 */
final class BatchQueue<T extends BatchItem> {
  /** How many keys are asked for while those ahead of them wait for mates. */
  private static final int MOST_KEYS_ASKED = 32;

  private final BatchSchedulerOptions options;
  private final BatchingPolicy policy;
  private final IdentityHashMap<T, QueueEntry<T>> entries = new IdentityHashMap<>();
  private final ExpiryHeap<T> expiries = new ExpiryHeap<>();
  private final int[] sizes;
  private final OpenBatch<T> open;

  // Two lanes a level, the second for what timed out there and was put behind the rest.
  // INVARIANT: bit i of nonEmpty is set if and only if lane i has an entry.
  private final List<Lane<T>> lanes = new ArrayList<>();
  private final BitSet nonEmpty = new BitSet();

  private List<DroppedItem<T>> dropped = new ArrayList<>();
  private long rows;
  private long nextSequence;
  private long idleNanos;

  BatchQueue(BatchSchedulerOptions options, BatchingPolicy policy) {
    this.options = options;
    this.policy = policy;
    sizes = new int[options.priorityLevels() + 1];
    open = new OpenBatch<>(options.maxBatchSize());
    for (int lane = 0; lane < 2 * options.priorityLevels(); lane++) {
      lanes.add(new Lane<>());
    }
  }

  /**
   * Takes all the entries in, or none and answers false because there is no room. What expired is
   * dropped first.
   *
   * @throws IllegalStateException if an item is here already; none is taken in
   */
  boolean offer(List<QueueEntry<T>> arrivals, long now) {
    dropExpired(now);
    int[] asked = new int[sizes.length];
    for (QueueEntry<T> entry : arrivals) {
      asked[entry.level]++;
      if (sizes[entry.level] + asked[entry.level] > options.queuePolicy(entry.level).bound()) {
        return false;
      }
    }
    int added = 0;
    try {
      for (; added < arrivals.size(); added++) {
        add(arrivals.get(added), now);
      }
      return true;
    } catch (Throwable failure) {
      for (QueueEntry<T> entry : arrivals.subList(0, added)) {
        unlink(entry);
      }
      throw failure;
    }
  }

  /** False if the item is not here. */
  boolean remove(T item) {
    QueueEntry<T> entry = entries.get(item);
    if (entry == null) {
      return false;
    }
    unlink(entry);
    return true;
  }

  /**
   * The next batch, or null if nothing waits or the policy lets all that waits wait; {@link
   * #idleNanos()} then says for how long. What expired, and what is found cancelled, is dropped.
   *
   * @param draining true if nothing may wait for mates, because none come any more
   */
  @Nullable Batch<T> poll(long now, boolean draining) {
    dropExpired(now);
    idleNanos = Long.MAX_VALUE;
    Set<Object> waiting = new HashSet<>();
    for (int lane = nonEmpty.nextSetBit(0); lane >= 0; lane = nonEmpty.nextSetBit(lane + 1)) {
      Batch<T> batch = pollLane(lane, waiting, now, draining);
      if (batch != null || waiting.size() >= MOST_KEYS_ASKED) {
        return batch;
      }
    }
    return null;
  }

  /**
   * After {@link #poll} had no batch: how long it has none unless something arrives, {@code
   * Long.MAX_VALUE} for ever.
   */
  long idleNanos() {
    return idleNanos;
  }

  /** Drops what expired, and puts behind the rest of its level what timed out and may wait on. */
  void dropExpired(long now) {
    for (QueueEntry<T> entry = expiries.first();
        entry != null && now - entry.expiryNanos >= 0;
        entry = expiries.first()) {
      if (entry.deadline.isExpired(now)) {
        drop(entry, DroppedItem.Cause.DEADLINE, now);
      } else if (options.queuePolicy(entry.level).timeoutAction() == TimeoutAction.REJECT) {
        drop(entry, DroppedItem.Cause.TIMEOUT, now);
      } else {
        putBehind(entry);
      }
    }
  }

  /** Takes everything out. */
  List<T> clear() {
    List<QueueEntry<T>> all = new ArrayList<>(entries.values());
    all.sort(Comparator.comparingLong(entry -> entry.sequence));
    all.forEach(this::unlink);
    return all.stream().map(entry -> entry.item).toList();
  }

  boolean hasDropped() {
    return !dropped.isEmpty();
  }

  /** What was dropped since the last call; the caller tells the items. */
  List<DroppedItem<T>> takeDropped() {
    if (dropped.isEmpty()) {
      return List.of();
    }
    List<DroppedItem<T>> taken = dropped;
    dropped = new ArrayList<>();
    return taken;
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  QueueStatus status(long now, boolean closed) {
    long oldest = 0;
    for (int lane = nonEmpty.nextSetBit(0); lane >= 0; lane = nonEmpty.nextSetBit(lane + 1)) {
      oldest = Math.max(oldest, now - lanes.get(lane).first().queuedNanos);
    }
    return new QueueStatus(entries.size(), rows, oldest, closed);
  }

  private @Nullable Batch<T> pollLane(int index, Set<Object> waiting, long now, boolean draining) {
    Lane<T> lane = lanes.get(index);
    while (!lane.isEmpty()) {
      Object leaderKey = lane.first().shapeKey;
      if (waiting.contains(leaderKey)) {
        break;
      }
      Batch<T> batch = pollKey(index, leaderKey, waiting, now, draining);
      if (batch != null) {
        return batch;
      }
    }
    for (Object key : lane.oldestKeys(MOST_KEYS_ASKED)) {
      if (waiting.size() >= MOST_KEYS_ASKED) {
        break;
      }
      Batch<T> batch = waiting.contains(key) ? null : pollKey(index, key, waiting, now, draining);
      if (batch != null) {
        return batch;
      }
    }
    return null;
  }

  /** The batch that entries of a key form now, from a lane on. Without one, the key waits. */
  private @Nullable Batch<T> pollKey(
      int lane, Object key, Set<Object> waiting, long now, boolean draining) {
    gather(lane, key, now);
    if (open.isEmpty()) {
      return null;
    }
    int limit = options.maxBatchSize();
    if (!draining) {
      switch (policy.decide(open, now)) {
        case Close close -> limit = close.rows();
        case Wait wait -> {
          if (wait.untilNanos() - now > 0) {
            waiting.add(key);
            idleNanos = Math.min(idleNanos, nanosUntilNext(wait.untilNanos(), now));
            open.clear();
            return null;
          }
        }
      }
    }
    return close(open.within(limit), now);
  }

  private long nanosUntilNext(long policyNanos, long now) {
    QueueEntry<T> next = expiries.first();
    long nanos = policyNanos - now;
    return next == null ? nanos : Math.min(nanos, next.expiryNanos - now);
  }

  private void gather(int fromLane, Object key, long now) {
    open.clear();
    for (int lane = fromLane; lane >= 0; lane = nonEmpty.nextSetBit(lane + 1)) {
      QueueEntry<T> entry = lanes.get(lane).first(key);
      while (entry != null) {
        QueueEntry<T> next = entry.next;
        if (entry.item.isCancelled()) {
          drop(entry, DroppedItem.Cause.CANCELLATION, now);
        } else if (!open.join(entry)) {
          return;
        }
        entry = next;
      }
    }
  }

  private Batch<T> close(List<QueueEntry<T>> chosen, long now) {
    List<T> items = new ArrayList<>(chosen.size());
    int batchRows = 0;
    for (QueueEntry<T> entry : chosen) {
      items.add(entry.item);
      batchRows += entry.rows;
    }
    Batch<T> batch = new Batch<>(items, batchRows, now);
    chosen.forEach(this::unlink);
    open.clear();
    return batch;
  }

  private void add(QueueEntry<T> entry, long now) {
    QueueEntry<T> present = entries.putIfAbsent(entry.item, entry);
    if (present != null) {
      throw new IllegalStateException("the item is queued already: " + entry.item);
    }
    entry.queuedNanos = now;
    entry.lane = 2 * (entry.level - 1);
    link(entry);
    long timeout = options.queuePolicy(entry.level).timeout().toNanos();
    if (timeout > 0) {
      long remaining = Math.min(timeout, entry.deadline.remainingNanos(now));
      expireAt(entry, now + remaining);
    } else if (entry.deadline.bounded()) {
      expireAt(entry, entry.deadline.nanoTime());
    }
    sizes[entry.level]++;
    rows += entry.rows;
  }

  private void unlink(QueueEntry<T> entry) {
    unlinkFromLane(entry);
    expiries.remove(entry);
    entries.remove(entry.item);
    sizes[entry.level]--;
    rows -= entry.rows;
  }

  private void putBehind(QueueEntry<T> entry) {
    unlinkFromLane(entry);
    expiries.remove(entry);
    entry.lane++;
    link(entry);
    if (entry.deadline.bounded()) {
      expireAt(entry, entry.deadline.nanoTime());
    }
  }

  private void link(QueueEntry<T> entry) {
    entry.sequence = nextSequence++;
    lanes.get(entry.lane).append(entry);
    nonEmpty.set(entry.lane);
  }

  private void unlinkFromLane(QueueEntry<T> entry) {
    Lane<T> lane = lanes.get(entry.lane);
    lane.remove(entry);
    nonEmpty.set(entry.lane, !lane.isEmpty());
  }

  private void expireAt(QueueEntry<T> entry, long nanoTime) {
    entry.expiryNanos = nanoTime;
    expiries.add(entry);
  }

  private void drop(QueueEntry<T> entry, DroppedItem.Cause cause, long now) {
    Duration timeout = options.queuePolicy(entry.level).timeout();
    dropped.add(new DroppedItem<>(entry.item, cause, now - entry.queuedNanos, timeout));
    unlink(entry);
  }
}
