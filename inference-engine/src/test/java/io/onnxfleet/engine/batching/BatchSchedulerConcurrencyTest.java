package io.onnxfleet.engine.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real threads on one scheduler: nothing is lost, nothing comes twice, everybody is served. */
@Timeout(120)
class BatchSchedulerConcurrencyTest {
  private static final int SUBMITTERS = 4;
  private static final int ITEMS_EACH = 5_000;

  @Test
  void items_leaveExactlyOnce_whenThreadsDoEverythingAtOnce() throws Exception {
    for (boolean atOnce : new boolean[] {false, true}) {
      runEverythingAtOnce(atOnce);
    }
  }

  private static void runEverythingAtOnce(boolean shutdownAtOnce) throws Exception {
    ManualTicker ticker = new ManualTicker();
    QueuePolicy policy = new QueuePolicy(64, Duration.ofMillis(5), QueuePolicy.TimeoutAction.DELAY);
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(8, List.of(4), Duration.ofMillis(1), 2, 2, policy, Map.of());
    BatchScheduler<CountedItem> scheduler =
        new BatchScheduler<>(options, new TritonBatchingPolicy(options), ticker);
    List<CountedItem> accepted;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Integer>> takers = new ArrayList<>();
      for (int index = 0; index < 2; index++) {
        takers.add(threads.submit(() -> takeAll(scheduler)));
      }
      Semaphore stop = new Semaphore(0);
      Future<?> clock =
          threads.submit(
              () -> {
                while (!stop.tryAcquire() && !Thread.currentThread().isInterrupted()) {
                  ticker.advance(Duration.ofNanos(50_000));
                  scheduler.expire();
                }
              });
      List<Callable<List<CountedItem>>> submitters = new ArrayList<>();
      for (int index = 0; index < SUBMITTERS; index++) {
        Random random = new Random(index);
        submitters.add(() -> submit(scheduler, ticker, random));
      }
      accepted = new ArrayList<>();
      for (Future<List<CountedItem>> submitter : threads.invokeAll(submitters)) {
        accepted.addAll(submitter.get());
      }
      if (shutdownAtOnce) {
        scheduler.shutdownNow(new InferenceException(ErrorCode.SHUTTING_DOWN, "unloaded"));
      } else {
        scheduler.close();
      }
      int taken = 0;
      for (Future<Integer> taker : takers) {
        taken += taker.get();
      }
      stop.release();
      clock.get();
      assertThat(taken).isEqualTo(accepted.stream().mapToInt(item -> item.taken.get()).sum());
    }

    assertThat(accepted).isNotEmpty();
    assertThat(accepted).allSatisfy(item -> assertThat(item.ends()).isEqualTo(1));
    QueueStatus status = scheduler.status();
    assertThat(status).isEqualTo(new QueueStatus(0, 0, 0, true));
  }

  private static int takeAll(BatchScheduler<CountedItem> scheduler) throws InterruptedException {
    int taken = 0;
    for (Batch<CountedItem> batch = scheduler.take(); batch != null; batch = scheduler.take()) {
      assertThat(batch.rows()).isBetween(1, 8);
      assertThat(batch.items()).extracting(CountedItem::shapeKey).containsOnly(firstKey(batch));
      batch.items().forEach(item -> item.taken.incrementAndGet());
      taken += batch.items().size();
    }
    return taken;
  }

  private static Object firstKey(Batch<CountedItem> batch) {
    return batch.items().getFirst().shapeKey();
  }

  private static List<CountedItem> submit(
      BatchScheduler<CountedItem> scheduler, ManualTicker ticker, Random random) {
    List<CountedItem> accepted = new ArrayList<>();
    for (int count = 0; count < ITEMS_EACH; count++) {
      List<CountedItem> pieces = new ArrayList<>();
      for (int piece = 0; piece <= random.nextInt(3); piece++) {
        pieces.add(new CountedItem(random, ticker));
      }
      try {
        scheduler.submitAll(pieces);
        accepted.addAll(pieces);
      } catch (InferenceException refusal) {
        assertThat(refusal.code()).isIn(ErrorCode.QUEUE_FULL, ErrorCode.DEADLINE_EXCEEDED);
        assertThat(pieces).allSatisfy(item -> assertThat(item.ends()).isZero());
      }
      if (!accepted.isEmpty() && random.nextInt(4) == 0) {
        CountedItem item = accepted.get(random.nextInt(accepted.size()));
        item.cancelled = true;
        if (random.nextBoolean() && scheduler.remove(item)) {
          item.removed.incrementAndGet();
        }
      }
    }
    return accepted;
  }

  @Test
  void clients_areServedInTurn_whenSixtyFourOfThemShareOneTaker() throws Exception {
    int clients = 64;
    int rounds = 50;
    BatchSchedulerOptions options = BatchSchedulerOptions.ofMaxBatchSize(8);
    BatchScheduler<Client> scheduler =
        new BatchScheduler<>(options, new TritonBatchingPolicy(options), System::nanoTime);
    List<Client> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int index = 0; index < clients; index++) {
        // Half of them ask with another shape.
        Client client = new Client(index % 2 == 0 ? "16 tokens" : "32 tokens");
        all.add(client);
        threads.execute(() -> client.run(scheduler));
      }
      for (int batches = 0; batches < rounds * clients / 8; batches++) {
        while (scheduler.status().items() < clients) {
          Thread.onSpinWait();
        }
        Batch<Client> batch = scheduler.take();
        assertThat(batch).extracting(Batch::rows).isEqualTo(8);
        if (batch != null) {
          batch.items().forEach(Client::served);
        }
        assertThat(mostServed(all) - leastServed(all)).isLessThanOrEqualTo(1);
      }
      scheduler.shutdownNow(new InferenceException(ErrorCode.SHUTTING_DOWN, "unloaded"));
    }

    assertThat(all).allSatisfy(client -> assertThat(client.answers.get()).isEqualTo(rounds));
  }

  private static int mostServed(List<Client> clients) {
    return clients.stream().mapToInt(client -> client.answers.get()).max().orElseThrow();
  }

  private static int leastServed(List<Client> clients) {
    return clients.stream().mapToInt(client -> client.answers.get()).min().orElseThrow();
  }

  /** Asks again as soon as it has an answer, until it is refused. */
  private static final class Client implements BatchItem {
    private final Object shapeKey;
    private final Semaphore answered = new Semaphore(0);
    final AtomicInteger answers = new AtomicInteger();
    private volatile @Nullable InferenceException refusal;

    Client(Object shapeKey) {
      this.shapeKey = shapeKey;
    }

    void run(BatchScheduler<Client> scheduler) {
      while (refusal == null) {
        try {
          scheduler.submit(this);
          answered.acquireUninterruptibly();
        } catch (InferenceException closed) {
          refusal = closed;
        }
      }
    }

    void served() {
      answers.incrementAndGet();
      answered.release();
    }

    @Override
    public int rows() {
      return 1;
    }

    @Override
    public Object shapeKey() {
      return shapeKey;
    }

    @Override
    public int priority() {
      return 0;
    }

    @Override
    public Deadline deadline() {
      return Deadline.NONE;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void fail(InferenceException reason) {
      refusal = reason;
      answered.release();
    }
  }

  /** Counts each way in which it leaves. */
  private static final class CountedItem implements BatchItem {
    private final int rows;
    private final Object shapeKey;
    private final int priority;
    private final Deadline deadline;
    volatile boolean cancelled;
    final AtomicInteger taken = new AtomicInteger();
    final AtomicInteger failed = new AtomicInteger();
    final AtomicInteger removed = new AtomicInteger();

    CountedItem(Random random, ManualTicker ticker) {
      rows = 1 + random.nextInt(3);
      shapeKey = random.nextInt(3);
      priority = random.nextInt(3);
      deadline =
          random.nextInt(4) == 0
              ? Deadline.after(Duration.ofNanos(random.nextInt(10_000_000)), ticker)
              : Deadline.NONE;
    }

    int ends() {
      return taken.get() + failed.get() + removed.get();
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public Object shapeKey() {
      return shapeKey;
    }

    @Override
    public int priority() {
      return priority;
    }

    @Override
    public Deadline deadline() {
      return deadline;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public void fail(InferenceException reason) {
      failed.incrementAndGet();
    }
  }
}
