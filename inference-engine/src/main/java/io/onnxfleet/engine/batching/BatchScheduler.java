package io.onnxfleet.engine.batching;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queue of one model version, and what makes batches of it: callers submit items, each thread
 * that can execute takes the next batch when it is ready for one.
 *
 * <ul>
 *   <li>Submitting never blocks. What is accepted leaves exactly once, as {@link BatchItem} says;
 *       what is refused stays the caller's.
 *   <li>Items of a higher priority go first; within one priority callers take turns, and the items
 *       of one caller, of one shape key and length, go in the order of submission.
 *   <li>Items that nobody waits for go when no others wait, in short batches where others are
 *       expected.
 *   <li>Batches form while the takers are busy. A ready taker waits only if there is nothing, or as
 *       long as the {@link BatchingPolicy} says.
 *   <li>Once the {@link LatencyModel} predicts well, what cannot make its deadline is refused, and
 *       so is what would wait longer than {@link WorkLimits#maxQueuedWork()}.
 *   <li>What expired is never in a batch. It is dropped when the scheduler is used, by any of its
 *       methods; where nobody may use it for a while, {@link #expire()} does it.
 * </ul>
 *
 * <p>Thread-safe; any number of threads may take. No level of priority holds more items than its
 * {@link QueuePolicy} allows.
 */
public final class BatchScheduler<T extends BatchItem> implements AutoCloseable {
  /*
   * One lock guards everything, for as long as it takes to put items in their places or to form one
   * batch. Under it only BatchingPolicy.decide, BatchItem.isCancelled and the keys' equals and
   * hashCode are called; items are told that they were dropped after it is released. No other lock
   * is taken under it.
   *
   * A change wakes one taker, and a taker that leaves something behind wakes the next, so a signal
   * is never lost: neither to a taker that is interrupted nor to one that takes less than there is.
   */
  private static final Logger logger = LoggerFactory.getLogger(BatchScheduler.class);

  private final BatchSchedulerOptions options;
  private final LatencyModel latency;
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final BatchQueue<T> queue;

  @GuardedBy("lock")
  private boolean closed;

  /** A scheduler of one executor that learns its latency from nothing. */
  public BatchScheduler(BatchSchedulerOptions options, BatchingPolicy policy, Ticker ticker) {
    this(options, policy, WorkLimits.NONE, new LatencyModel(options.maxBatchSize()), ticker);
  }

  /**
   * A scheduler whose batches {@code limits.executors()} threads take.
   *
   * @param latency is told of every batch, and tells the policy and the door what to expect
   */
  public BatchScheduler(
      BatchSchedulerOptions options,
      BatchingPolicy policy,
      WorkLimits limits,
      LatencyModel latency,
      Ticker ticker) {
    this.options = options;
    this.latency = latency;
    this.ticker = ticker;
    queue = new BatchQueue<>(options, policy, limits, latency);
  }

  /**
   * Puts an item into the queue.
   *
   * @throws InferenceException with {@link ErrorCode#QUEUE_FULL}, {@link ErrorCode#SHUTTING_DOWN}
   *     or {@link ErrorCode#DEADLINE_EXCEEDED}, which is also said of a deadline that cannot be
   *     met; the item stays the caller's
   * @throws IllegalArgumentException if the item has no rows, or more than a batch can have
   */
  public void submit(T item) {
    submitAll(List.of(item));
  }

  /**
   * Puts all the pieces of one request into the queue, or none of them.
   *
   * @param items of one priority
   * @throws InferenceException as {@link #submit}, or with {@link ErrorCode#REQUEST_TOO_LARGE} if
   *     not even an empty queue could hold them
   */
  public void submitAll(List<T> items) {
    List<QueueEntry<T>> arrivals = new ArrayList<>(items.size());
    for (T item : items) {
      arrivals.add(new QueueEntry<>(item, options));
    }
    if (!arrivals.isEmpty()) {
      enqueue(arrivals);
    }
  }

  private void enqueue(List<QueueEntry<T>> arrivals) {
    InferenceException refusal;
    List<DroppedItem<T>> dropped;
    lock.lock();
    try {
      refusal = offer(arrivals);
      if (!queue.isEmpty()) {
        changed.signal();
      }
      dropped = queue.takeDropped();
    } finally {
      lock.unlock();
    }
    fail(dropped);
    if (refusal != null) {
      throw refusal;
    }
  }

  /** Null if the queue took them in. */
  @GuardedBy("lock")
  private @Nullable InferenceException offer(List<QueueEntry<T>> arrivals) {
    if (closed) {
      return new InferenceException(
          ErrorCode.SHUTTING_DOWN, "the model version is being unloaded (expected: READY)");
    }
    long now = ticker.nanoTime();
    for (QueueEntry<T> entry : arrivals) {
      if (entry.deadline.isExpired(now)) {
        return new InferenceException(
            ErrorCode.DEADLINE_EXCEEDED,
            "deadline: passed before the request was queued (expected an answer by it)");
      }
    }
    return queue.offer(arrivals, now);
  }

  /**
   * Waits for the next batch and takes it; whoever takes it owns its items. Null once the scheduler
   * is closed and nothing is left.
   */
  public @Nullable Batch<T> take() throws InterruptedException {
    while (true) {
      Batch<T> batch;
      List<DroppedItem<T>> dropped;
      boolean ended;
      lock.lockInterruptibly();
      try {
        batch = awaitBatch();
        dropped = queue.takeDropped();
        ended = closed && queue.isEmpty();
      } finally {
        lock.unlock();
      }
      fail(dropped);
      if (batch != null || ended) {
        return batch;
      }
    }
  }

  /** The next batch if one is ready at this moment; {@link #take()} for who does not wait. */
  public @Nullable Batch<T> poll() {
    Batch<T> batch;
    List<DroppedItem<T>> dropped;
    lock.lock();
    try {
      batch = queue.poll(ticker.nanoTime(), closed);
      if (!queue.isEmpty()) {
        changed.signal();
      }
      dropped = queue.takeDropped();
    } finally {
      lock.unlock();
    }
    fail(dropped);
    return batch;
  }

  /** Null if something was dropped, or nothing is left of a closed queue. */
  @GuardedBy("lock")
  private @Nullable Batch<T> awaitBatch() throws InterruptedException {
    try {
      while (true) {
        Batch<T> batch = queue.poll(ticker.nanoTime(), closed);
        if (batch != null || queue.hasDropped() || (closed && queue.isEmpty())) {
          return batch;
        }
        long nanos = queue.idleNanos();
        if (nanos == Long.MAX_VALUE) {
          changed.await();
        } else {
          // Not asked whether time was left: the ticker says whether the moment has come.
          long _ = changed.awaitNanos(nanos);
        }
      }
    } finally {
      if (!queue.isEmpty()) {
        changed.signal();
      }
    }
  }

  /**
   * After {@link #poll()} had no batch: in how many nanoseconds it is to be asked again although
   * nothing came; {@code Long.MAX_VALUE} if never.
   */
  public long nanosUntilReady() {
    lock.lock();
    try {
      return queue.idleNanos();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes an item out of the queue.
   *
   * @return true if it was there: it is the caller's again; false if it is in a batch, was dropped,
   *     or never came
   */
  @CheckReturnValue
  public boolean remove(T item) {
    lock.lock();
    try {
      return queue.remove(item);
    } finally {
      lock.unlock();
    }
  }

  /** Drops what has expired; to be called now and then, for when all takers are busy. */
  public void expire() {
    List<DroppedItem<T>> dropped;
    lock.lock();
    try {
      queue.dropExpired(ticker.nanoTime());
      if (!queue.isEmpty()) {
        changed.signal();
      }
      dropped = queue.takeDropped();
    } finally {
      lock.unlock();
    }
    fail(dropped);
  }

  /**
   * A batch that was taken was executed; to be told as soon as its items are answered.
   *
   * @param nanos time that the execution took
   */
  public void completed(Batch<T> batch, long nanos) {
    latency.record(batch.rows(), batch.length(), nanos);
    lock.lock();
    try {
      queue.completed(batch, ticker.nanoTime());
    } finally {
      lock.unlock();
    }
  }

  /** From now on that many threads take batches, at least 1. */
  public void executors(int count) {
    lock.lock();
    try {
      queue.executors(count);
    } finally {
      lock.unlock();
    }
  }

  /**
   * From now on items share batches, or each is a batch of its own at once. Batches that were taken
   * before stay as they are.
   */
  public void merging(boolean on) {
    lock.lock();
    try {
      queue.merging(on);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** How long the executors will be busy with what is here; zero while too little is known. */
  public Duration queuedWork() {
    lock.lock();
    try {
      return Duration.ofNanos(queue.nanosUntilIdle(ticker.nanoTime()));
    } finally {
      lock.unlock();
    }
  }

  public QueueStatus status() {
    lock.lock();
    try {
      return queue.status(ticker.nanoTime(), closed);
    } finally {
      lock.unlock();
    }
  }

  /** Accepts nothing more; what is queued is still taken, without waiting for mates. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Accepts nothing more, and drops what is queued, for that reason. */
  public void shutdownNow(InferenceException reason) {
    List<T> items;
    lock.lock();
    try {
      closed = true;
      items = queue.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    forEach(items, item -> item.fail(reason));
  }

  private void fail(List<DroppedItem<T>> dropped) {
    forEach(dropped, DroppedItem::fail);
  }

  private static <E> void forEach(List<E> elements, Consumer<E> failing) {
    for (E element : elements) {
      try {
        failing.accept(element);
      } catch (Throwable failure) {
        // That one item fails to hear of it must not keep it from the others.
        logger.error("an item could not be told that it was dropped", failure);
      }
    }
  }
}
