package io.onnxfleet.engine.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.BatchingPolicy.Close;
import io.onnxfleet.engine.batching.BatchingPolicy.Decision;
import io.onnxfleet.engine.batching.BatchingPolicy.Wait;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random operations on a scheduler and on a plain list that says what each should do. {@code
 * -Dtest.seed} replays a run.
 */
class BatchSchedulerPropertyTest {
  private static final int RUNS = 300;
  private static final int OPERATIONS = 300;

  @Test
  void scheduler_doesWhatThePlainListDoes_forAnyOperations() {
    String property = System.getProperty("test.seed", "");
    long seed = property.isEmpty() ? System.nanoTime() : Long.parseLong(property);
    System.out.println("test.seed=" + seed);
    Random random = new Random(seed);
    for (int run = 0; run < RUNS; run++) {
      new Comparison(random, "seed " + seed + ", run " + run).run();
    }
  }

  /** One scheduler and the list that models it. */
  private static final class Comparison {
    private final Random random;
    private final String description;
    private final ManualTicker ticker = new ManualTicker();
    private final BatchSchedulerOptions options;
    private final BatchScheduler<TestItem> scheduler;
    private final Model model;
    private final List<TestItem> everSubmitted = new ArrayList<>();
    private int names;

    Comparison(Random random, String description) {
      this.random = random;
      this.description = description;
      int maxBatchSize = 1 + random.nextInt(6);
      int levels = 1 + random.nextInt(3);
      List<Integer> preferred =
          random.nextBoolean() ? List.of() : List.of(1 + random.nextInt(maxBatchSize));
      options =
          new BatchSchedulerOptions(
              maxBatchSize,
              preferred,
              Duration.ofNanos(random.nextInt(3) * 40L),
              levels,
              1 + random.nextInt(levels),
              randomPolicy(),
              Map.of(1, randomPolicy()));
      TritonBatchingPolicy policy = new TritonBatchingPolicy(options);
      scheduler = new BatchScheduler<>(options, policy, ticker);
      model = new Model(options, policy);
    }

    private QueuePolicy randomPolicy() {
      return new QueuePolicy(
          1 + random.nextInt(12),
          Duration.ofNanos(random.nextInt(3) * 60L),
          random.nextBoolean() ? TimeoutAction.REJECT : TimeoutAction.DELAY);
    }

    void run() {
      for (int operation = 0; operation < OPERATIONS; operation++) {
        step();
        QueueStatus status = scheduler.status();
        assertThat(status.items()).as(description).isEqualTo(model.waiting.size());
        assertThat(status.rows()).as(description).isEqualTo(model.rows());
        assertThat(status.oldestNanos())
            .as(description)
            .isEqualTo(model.oldestNanos(ticker.nanoTime()));
        for (TestItem item : everSubmitted) {
          assertThat(item.failures())
              .as("%s: %s", description, item)
              .hasSize(model.dropped.contains(item) ? 1 : 0);
        }
      }
    }

    private void step() {
      long now = ticker.nanoTime();
      switch (random.nextInt(10)) {
        case 0, 1, 2, 3 -> submit(now);
        case 4, 5 -> assertThat(polled()).as(description).isEqualTo(model.poll(now));
        case 6 -> ticker.advance(Duration.ofNanos(random.nextInt(50)));
        case 7 -> {
          scheduler.expire();
          model.expire(now);
        }
        case 8 -> {
          if (!everSubmitted.isEmpty()) {
            TestItem item = anyItem();
            assertThat(scheduler.remove(item)).as(description).isEqualTo(model.remove(item));
          }
        }
        default -> {
          if (!everSubmitted.isEmpty() && random.nextBoolean()) {
            anyItem().cancel();
          }
        }
      }
    }

    private TestItem anyItem() {
      return everSubmitted.get(random.nextInt(everSubmitted.size()));
    }

    private List<TestItem> polled() {
      Batch<TestItem> batch = scheduler.poll();
      return batch == null ? List.of() : batch.items();
    }

    private void submit(long now) {
      List<TestItem> items = new ArrayList<>();
      int priority = random.nextInt(options.priorityLevels() + 2);
      Deadline deadline =
          random.nextInt(3) == 0
              ? new Deadline(true, now + 1 + random.nextInt(100))
              : Deadline.NONE;
      for (int piece = 0; piece <= random.nextInt(3); piece++) {
        items.add(
            new TestItem("i" + names++)
                .rows(1 + random.nextInt(options.maxBatchSize()))
                .key(random.nextInt(3))
                .priority(priority)
                .deadline(deadline));
      }
      boolean accepted;
      try {
        scheduler.submitAll(items);
        accepted = true;
      } catch (InferenceException _) {
        accepted = false;
      }
      assertThat(accepted).as(description).isEqualTo(model.submit(items, now));
      everSubmitted.addAll(items);
    }
  }

  /** What waits, in the order of arrival; everything is searched for from the start. */
  private static final class Model {
    private final BatchSchedulerOptions options;
    private final BatchingPolicy policy;
    final List<Waiting> waiting = new ArrayList<>();
    final List<TestItem> dropped = new ArrayList<>();

    Model(BatchSchedulerOptions options, BatchingPolicy policy) {
      this.options = options;
      this.policy = policy;
    }

    long rows() {
      return waiting.stream().mapToLong(entry -> entry.item.rows()).sum();
    }

    long oldestNanos(long now) {
      return waiting.stream().mapToLong(entry -> now - entry.queuedNanos).max().orElse(0);
    }

    boolean submit(List<TestItem> items, long now) {
      expire(now);
      int level = options.levelOf(items.getFirst().priority());
      long there = waiting.stream().filter(entry -> entry.level == level).count();
      if (there + items.size() > options.queuePolicy(level).bound()) {
        return false;
      }
      for (TestItem item : items) {
        waiting.add(new Waiting(item, level, now));
      }
      return true;
    }

    boolean remove(TestItem item) {
      return waiting.removeIf(entry -> entry.item == item);
    }

    void expire(long now) {
      // In the order of the moments, because that is the order in which the delayed line up.
      for (Waiting entry = nextDue(now); entry != null; entry = nextDue(now)) {
        boolean delays =
            options.queuePolicy(entry.level).timeoutAction() == TimeoutAction.DELAY
                && !entry.item.deadline().isExpired(now);
        waiting.remove(entry);
        if (delays) {
          entry.delayed = true;
          waiting.add(entry);
        } else {
          dropped.add(entry.item);
        }
      }
    }

    private @Nullable Waiting nextDue(long now) {
      Waiting next = null;
      for (Waiting entry : waiting) {
        long due = entry.dueIn(options, now);
        if (due <= 0 && (next == null || due < next.dueIn(options, now))) {
          next = entry;
        }
      }
      return next;
    }

    List<TestItem> poll(long now) {
      expire(now);
      List<Object> passed = new ArrayList<>();
      for (Waiting leader : inOrder()) {
        Object key = leader.item.shapeKey();
        if (!waiting.contains(leader) || passed.contains(key)) {
          continue;
        }
        List<Waiting> run = mates(leader);
        if (run.isEmpty()) {
          continue;
        }
        OpenBatch<TestItem> view = view(run);
        Decision decision = policy.decide(view, now);
        switch (decision) {
          case Wait _ -> passed.add(key);
          case Close close -> {
            List<TestItem> batch = new ArrayList<>();
            int rows = 0;
            for (Waiting entry : run) {
              rows += entry.item.rows();
              if (!batch.isEmpty() && rows > Math.min(close.rows(), options.maxBatchSize())) {
                break;
              }
              batch.add(entry.item);
              waiting.remove(entry);
            }
            return batch;
          }
        }
      }
      return List.of();
    }

    private List<Waiting> inOrder() {
      List<Waiting> ordered = new ArrayList<>();
      for (int level = 1; level <= options.priorityLevels(); level++) {
        for (boolean delayed : new boolean[] {false, true}) {
          for (Waiting entry : waiting) {
            if (entry.level == level && entry.delayed == delayed) {
              ordered.add(entry);
            }
          }
        }
      }
      return ordered;
    }

    /** The leader and those of its key behind it, up to and with the first that has no room. */
    private List<Waiting> mates(Waiting leader) {
      List<Waiting> run = new ArrayList<>();
      int rows = 0;
      for (Waiting entry : inOrder()) {
        if (!entry.item.shapeKey().equals(leader.item.shapeKey())) {
          continue;
        }
        if (entry.item.isCancelled()) {
          waiting.remove(entry);
          dropped.add(entry.item);
          continue;
        }
        run.add(entry);
        rows += entry.item.rows();
        if (run.size() > 1 && rows > options.maxBatchSize()) {
          break;
        }
      }
      return run;
    }

    private OpenBatch<TestItem> view(List<Waiting> run) {
      OpenBatch<TestItem> view = new OpenBatch<>(options.maxBatchSize());
      for (Waiting entry : run) {
        QueueEntry<TestItem> joining = new QueueEntry<>(entry.item, options);
        joining.queuedNanos = entry.queuedNanos;
        if (!view.join(joining)) {
          break;
        }
      }
      return view;
    }
  }

  private static final class Waiting {
    final TestItem item;
    final int level;
    final long queuedNanos;
    boolean delayed;

    Waiting(TestItem item, int level, long queuedNanos) {
      this.item = item;
      this.level = level;
      this.queuedNanos = queuedNanos;
    }

    /** Nanoseconds until its deadline or its timeout, whichever is sooner. */
    long dueIn(BatchSchedulerOptions options, long now) {
      long timeout = options.queuePolicy(level).timeout().toNanos();
      long untilTimeout = timeout == 0 || delayed ? Long.MAX_VALUE : queuedNanos + timeout - now;
      return Math.min(untilTimeout, item.deadline().remainingNanos(now));
    }
  }
}
