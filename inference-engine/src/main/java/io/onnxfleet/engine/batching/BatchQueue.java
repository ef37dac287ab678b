package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.BatchingPolicy.Close;
import io.onnxfleet.engine.batching.BatchingPolicy.Wait;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.latency.LatencyCurve;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.PriorityLevels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What waits, and how a batch is formed of it: the {@link BatchScheduler} without its lock, its
 * threads and its clock.
 *
 * <ul>
 *   <li>A level never holds more items than its {@link QueuePolicy#bound()}.
 *   <li>The first item of the highest level leads; those of its key follow it, level by level and
 *       in their order. Items of other keys keep their places. The order is that in which they
 *       came, but that the callers of a level take turns: {@link CallerShares}.
 *   <li>An item whose length would make it, or the others, dear is passed over until it leads. Each
 *       batch takes the one that leads, so that no more batches go before an item than there were
 *       items ahead of it.
 *   <li>What nobody waits for ({@link PriorityLevels#BACKGROUND}) runs when nothing else waits, and
 *       shares no batch with what does. Where anything else came lately, its batches take no longer
 *       than {@value #BACKGROUND_MILLIS} ms, as far as is known, unless a single item does.
 *   <li>Where a level is full, the caller who has most in it gives way to one who has less.
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

  /** How many items are looked at for a batch, as a multiple of its rows. */
  private static final int MOST_LOOKED_AT = 4;

  private static final int FEWEST_LOOKED_AT = 64;

  /** While all is idle, one in so many requests that would be refused is tried. */
  private static final int PROBE_INTERVAL = 16;

  /** What comes waits about so long for a batch that nobody waits for; where it is expected. */
  private static final long BACKGROUND_MILLIS = 20;

  private static final long BACKGROUND_NANOS = BACKGROUND_MILLIS * 1_000_000;

  /** What came within such a time is expected to come again. */
  private static final long EXPECTED_FOR_NANOS = 10_000_000_000L;

  /** A prediction may be that much too high before an item is given up for it. */
  private static final double DOUBT = 0.9;

  private final BatchSchedulerOptions options;
  private final BatchingPolicy policy;
  private final IdentityHashMap<T, QueueEntry<T>> entries = new IdentityHashMap<>();
  private final ExpiryHeap<T> expiries = new ExpiryHeap<>();
  private WorkLimits limits;
  private final LatencyModel latency;
  private final RunningBatches<T> running;
  private final ReturnForecast returns = new ReturnForecast();
  private final QueuedWork work;
  private final List<CallerShares<T>> shares = new ArrayList<>();
  private final OpenBatch<T> open;
  private final List<QueueEntry<T>> passedOver = new ArrayList<>();

  // Two lanes a level, the second for what timed out there and was put behind the rest. The last
  // level is of what nobody waits for.
  // INVARIANT: bit i of nonEmpty is set if and only if lane i has an entry.
  private final List<Lane<T>> lanes = new ArrayList<>();
  private final BitSet nonEmpty = new BitSet();
  private final int backgroundLane;

  private List<DroppedItem<T>> dropped = new ArrayList<>();
  private boolean merging = true;
  private long refusedIdle;
  private long nextSequence;
  private long idleNanos;
  private Situation situation = Situation.UNKNOWN;
  private boolean hasServed;
  private long foregroundNanos;

  BatchQueue(
      BatchSchedulerOptions options,
      BatchingPolicy policy,
      WorkLimits limits,
      LatencyModel latency) {
    this.options = options;
    this.policy = policy;
    this.limits = limits;
    this.latency = latency;
    running = new RunningBatches<>(limits.executors());
    work = new QueuedWork(options);
    open = new OpenBatch<>(options.maxBatchSize(), limits.maxPaddedElements());
    for (int level = 0; level <= options.backgroundLevel(); level++) {
      shares.add(new CallerShares<>());
    }
    for (int lane = 0; lane < 2 * options.backgroundLevel(); lane++) {
      lanes.add(new Lane<>());
    }
    backgroundLane = firstLane(options.backgroundLevel());
  }

  private static int firstLane(int level) {
    return 2 * (level - 1);
  }

  /** From now on that many take batches. */
  void executors(int count) {
    limits = limits.withExecutors(count);
    running.executors(count);
  }

  /** From now on items share batches, or each is a batch of its own. */
  void merging(boolean on) {
    merging = on;
    work.merging(on);
  }

  /**
   * Takes all the entries in, or none and answers why. What expired is dropped first.
   *
   * @param arrivals the pieces of one request, at least one
   * @throws IllegalStateException if an item is here already; none is taken in
   */
  @Nullable InferenceException offer(List<QueueEntry<T>> arrivals, long now) {
    dropExpired(now);
    boolean isBackground = arrivals.getFirst().level == options.backgroundLevel();
    if (!isBackground) {
      hasServed = true;
      foregroundNanos = now;
    }
    InferenceException refusal = refusalByTime(arrivals, now);
    if (refusal == null) {
      refusal = refusalByCount(arrivals, now);
    }
    if (refusal != null) {
      return refusal;
    }
    int added = 0;
    try {
      for (; added < arrivals.size(); added++) {
        add(arrivals.get(added), now);
      }
      if (!isBackground) {
        returns.arrived(now);
      }
      return null;
    } catch (Throwable failure) {
      for (QueueEntry<T> entry : arrivals.subList(0, added)) {
        unlink(entry);
      }
      throw failure;
    }
  }

  /** Refuses what cannot make its deadline, and what would have to wait too long. */
  private @Nullable InferenceException refusalByTime(List<QueueEntry<T>> arrivals, long now) {
    LatencyCurve curve = latency.curve();
    QueueEntry<T> first = arrivals.getFirst();
    if (!curve.isConfident()) {
      return null;
    }
    int batchRows = work.batchRows(curve, first.length);
    long ahead = rowsAhead(first);
    long start = running.nanosUntilStart(curve, ahead, batchRows, work.meanLength(first), now);
    long most = limits.maxQueuedWork().toNanos();
    if (most > 0 && start > most) {
      return Refusals.tooMuchWork(start, most);
    }
    if (!first.deadline.bounded()) {
      return null;
    }
    long own = 0;
    for (QueueEntry<T> entry : arrivals.subList(0, arrivals.size() - 1)) {
      own += entry.rows;
    }
    if (own > 0) {
      start = running.nanosUntilStart(curve, ahead + own, batchRows, first.length, now);
    }
    int last = arrivals.getLast().rows;
    boolean crowded = ahead >= batchRows;
    long run = curve.nanos(crowded ? Math.max(last, batchRows) : last, first.length);
    double factor = crowded ? 1 + Math.clamp(1.5 * curve.error(), 0.05, 0.3) : DOUBT;
    long left = first.deadline.remainingNanos(now);
    long needed = (long) (factor * (start + run));
    if (needed <= left || isProbe(first)) {
      return null;
    }
    return Refusals.deadline(left, needed, start, run);
  }

  /**
   * True for one request in a while that is tried although it is expected to be late. Where nothing
   * is executed nothing is learned, and a prediction that is wrong would refuse for ever.
   */
  private boolean isProbe(QueueEntry<T> arrival) {
    if (running.count() > 0 || !entries.isEmpty()) {
      return false;
    }
    refusedIdle++;
    arrival.probe = refusedIdle % PROBE_INTERVAL == 0;
    return arrival.probe;
  }

  /** What will be executed before an item that comes now, given that callers take turns. */
  private long rowsAhead(QueueEntry<T> arrival) {
    CallerShares<T> level = shares.get(arrival.level);
    long own = level.rowsOf(arrival.caller);
    int callers = level.count() + (own == 0 ? 1 : 0);
    long turns = own * callers + (callers - 1);
    return work.rowsAbove(arrival.level) + Math.min(work.rows(arrival.level), turns);
  }

  private @Nullable InferenceException refusalByCount(List<QueueEntry<T>> arrivals, long now) {
    for (QueueEntry<T> entry : arrivals) {
      int level = entry.level;
      int asked = 0;
      for (QueueEntry<T> other : arrivals) {
        asked += other.level == level ? 1 : 0;
      }
      int bound = options.queuePolicy(level).bound();
      if (asked > bound) {
        return Refusals.tooLarge(asked, bound, level);
      }
      int excess = work.items(level) + asked - bound;
      if (excess > 0 && !makeRoom(entry, asked, excess, now)) {
        return Refusals.full(asked, bound, level, nanosUntilIdle(now));
      }
    }
    return null;
  }

  /** False if no caller of the level has enough more than the one who comes. */
  private boolean makeRoom(QueueEntry<T> arrival, int asked, int excess, long now) {
    CallerShares<T> level = shares.get(arrival.level);
    String largest = level.largest(level.itemsOf(arrival.caller) + asked + excess);
    if (largest == null || largest.equals(arrival.caller)) {
      return false;
    }
    for (int count = 0; count < excess; count++) {
      drop(level.newestOf(largest), DroppedItem.Cause.DISPLACEMENT, now);
    }
    return true;
  }

  /** How long the executors will be busy with what is here; 0 while too little is known. */
  long nanosUntilIdle(long now) {
    LatencyCurve curve = latency.curve();
    if (!curve.isKnown()) {
      return 0;
    }
    long length = work.meanLength();
    int batchRows = work.batchRows(curve, length);
    return running.nanosUntilStart(curve, work.rows(), batchRows, length, now);
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
    if (entries.isEmpty()) {
      return null;
    }
    situation = situation(work.rowsAbove(options.backgroundLevel()), now);
    Set<Object> waiting = new HashSet<>();
    boolean isBackground = false;
    for (int lane = nonEmpty.nextSetBit(0); lane >= 0; lane = nonEmpty.nextSetBit(lane + 1)) {
      if (lane >= backgroundLane && !isBackground) {
        if (!waiting.isEmpty()) {
          // What waits for mates does not wait for what nobody waits for.
          return null;
        }
        isBackground = true;
        situation = situation(work.rows(), now);
      }
      Batch<T> batch = pollLane(lane, waiting, now, draining);
      if (batch != null || waiting.size() >= MOST_KEYS_ASKED) {
        return batch;
      }
    }
    return null;
  }

  private Situation situation(long waitingRows, long now) {
    return new Situation(
        latency.curve(),
        limits.executors(),
        running.count(),
        running.rows(),
        waitingRows,
        returns.expected(now),
        returns.answeredNanos());
  }

  /**
   * After {@link #poll} had no batch: how long it has none unless something arrives, {@code
   * Long.MAX_VALUE} for ever.
   */
  long idleNanos() {
    return idleNanos;
  }

  /** A batch that was polled was executed. */
  void completed(Batch<T> batch, long now) {
    running.ended(batch);
    LatencyCurve curve = latency.curve();
    if (curve.isKnown()) {
      // To wait for company pays, at most, for as long as a batch of two saves.
      long one = curve.nanos(1, batch.length());
      long saved = 2 * one - curve.nanos(2, batch.length());
      returns.answered(awaited(batch), now, Math.clamp(saved, one / 8, one));
    }
  }

  /** Items that somebody waits for. */
  private static int awaited(Batch<? extends BatchItem> batch) {
    int count = 0;
    for (BatchItem item : batch.items()) {
      count += item.priority() == PriorityLevels.BACKGROUND ? 0 : 1;
    }
    return count;
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
      oldest = Math.max(oldest, lanes.get(lane).oldestNanos(now));
    }
    return new QueueStatus(entries.size(), work.rows(), oldest, closed);
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
    for (Object key : lane.firstKeys(MOST_KEYS_ASKED)) {
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
    int limit = merging ? options.maxBatchSize() : 1;
    if (merging && !draining) {
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
    boolean isShort =
        lane >= backgroundLane && hasServed && now - foregroundNanos < EXPECTED_FOR_NANOS;
    return close(isShort ? open.within(limit, BACKGROUND_NANOS) : open.within(limit), now);
  }

  private long nanosUntilNext(long policyNanos, long now) {
    QueueEntry<T> next = expiries.first();
    long nanos = policyNanos - now;
    return next == null ? nanos : Math.min(nanos, next.expiryNanos - now);
  }

  /** Opens a batch of one key, and drops of that key what nobody waits for any more. */
  private void gather(int fromLane, Object key, long now) {
    List<DroppedItem.Cause> causes = new ArrayList<>();
    List<QueueEntry<T>> lost = new ArrayList<>();
    open.begin(situation);
    passedOver.clear();
    int left = Math.max(FEWEST_LOOKED_AT, MOST_LOOKED_AT * options.maxBatchSize());
    int end = fromLane < backgroundLane ? backgroundLane : lanes.size();
    scan:
    for (int lane = fromLane; lane >= 0 && lane < end; lane = nonEmpty.nextSetBit(lane + 1)) {
      for (QueueEntry<T> entry : lanes.get(lane).entries(key)) {
        DroppedItem.Cause cause = causeToDrop(entry, now);
        if (cause != null) {
          causes.add(cause);
          lost.add(entry);
        } else if (!open.hasRoom(entry) && !open.isTooLong(entry)) {
          open.join(entry);
          break scan;
        } else if (open.hasRoom(entry) && open.pays(entry, !isBacklogged())) {
          open.join(entry);
        } else {
          passedOver.add(entry);
        }
        if (--left == 0 || (!merging && !open.isEmpty())) {
          break scan;
        }
      }
    }
    fillUp();
    for (int index = 0; index < lost.size(); index++) {
      drop(lost.get(index), causes.get(index), now);
    }
  }

  /** A batch that stayed small for want of rows of its length takes what is cheaper than alone. */
  private void fillUp() {
    if (passedOver.isEmpty() || !isBacklogged()) {
      return;
    }
    int wanted = situation.latency().bestRows(open.length(), false) / 2;
    Iterator<QueueEntry<T>> entries = passedOver.iterator();
    while (entries.hasNext() && open.rows() < wanted) {
      QueueEntry<T> entry = entries.next();
      if (open.hasRoom(entry) && open.pays(entry, true)) {
        open.join(entry);
        entries.remove();
      }
    }
  }

  private boolean isBacklogged() {
    return situation.latency().isKnown() && situation.isBacklogged(open.length());
  }

  private DroppedItem.@Nullable Cause causeToDrop(QueueEntry<T> entry, long now) {
    if (entry.item.isCancelled()) {
      return DroppedItem.Cause.CANCELLATION;
    }
    return entry.deadline.bounded()
            && !entry.probe
            && situation.latency().isConfident()
            && entry.deadline.remainingNanos(now) < executionNanos(entry)
        ? DroppedItem.Cause.TOO_LATE
        : null;
  }

  /** What an item needs at least from now: in a crowd a whole batch, else its own execution. */
  private long executionNanos(QueueEntry<T> entry) {
    LatencyCurve curve = situation.latency();
    int batchRows = work.batchRows(curve, entry.length);
    return situation.isBacklogged(entry.length)
        ? curve.nanos(Math.max(entry.rows, batchRows), entry.length)
        : (long) (DOUBT * curve.nanos(entry.rows, entry.length));
  }

  private Batch<T> close(List<QueueEntry<T>> chosen, long now) {
    List<T> items = new ArrayList<>(chosen.size());
    int batchRows = 0;
    long length = 0;
    for (QueueEntry<T> entry : chosen) {
      items.add(entry.item);
      batchRows += entry.rows;
      length = Math.max(length, entry.length);
    }
    Batch<T> batch = new Batch<>(items, batchRows, length, now);
    for (QueueEntry<T> entry : chosen) {
      shares.get(entry.level).served(entry);
      unlink(entry);
    }
    open.clear();
    running.started(batch, situation.latency());
    return batch;
  }

  private void add(QueueEntry<T> entry, long now) {
    QueueEntry<T> present = entries.putIfAbsent(entry.item, entry);
    if (present != null) {
      throw new IllegalStateException("the item is queued already: " + entry.item);
    }
    entry.queuedNanos = now;
    entry.lane = firstLane(entry.level);
    link(entry);
    long timeout = options.queuePolicy(entry.level).timeout().toNanos();
    if (timeout > 0) {
      long remaining = Math.min(timeout, entry.deadline.remainingNanos(now));
      expireAt(entry, now + remaining);
    } else if (entry.deadline.bounded()) {
      expireAt(entry, entry.deadline.nanoTime());
    }
    work.add(entry);
  }

  private void unlink(QueueEntry<T> entry) {
    unlinkFromLane(entry);
    expiries.remove(entry);
    entries.remove(entry.item);
    work.remove(entry);
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
    shares.get(entry.level).add(entry);
    lanes.get(entry.lane).add(entry);
    nonEmpty.set(entry.lane);
  }

  private void unlinkFromLane(QueueEntry<T> entry) {
    Lane<T> lane = lanes.get(entry.lane);
    lane.remove(entry);
    shares.get(entry.level).remove(entry);
    nonEmpty.set(entry.lane, !lane.isEmpty());
  }

  private void expireAt(QueueEntry<T> entry, long nanoTime) {
    entry.expiryNanos = nanoTime;
    expiries.add(entry);
  }

  private void drop(QueueEntry<T> entry, DroppedItem.Cause cause, long now) {
    Duration limit =
        cause == DroppedItem.Cause.TOO_LATE
            ? Duration.ofNanos(executionNanos(entry))
            : options.queuePolicy(entry.level).timeout();
    dropped.add(new DroppedItem<>(entry.item, cause, now - entry.queuedNanos, limit));
    unlink(entry);
  }
}
