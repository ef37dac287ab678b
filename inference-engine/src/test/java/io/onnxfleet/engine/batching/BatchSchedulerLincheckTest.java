package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Whatever threads do to a scheduler at once, its answers are those of one thread that did the same
 * things one after the other.
 */
@Param(name = "item", gen = IntGen.class, conf = "0:4")
public class BatchSchedulerLincheckTest {
  private static final BatchSchedulerOptions OPTIONS =
      new BatchSchedulerOptions(
          2,
          List.of(),
          Duration.ZERO,
          2,
          2,
          new QueuePolicy(3, Duration.ZERO, QueuePolicy.TimeoutAction.REJECT),
          Map.of());

  private final TestItem[] items = new TestItem[5];
  private final BatchScheduler<TestItem> scheduler =
      new BatchScheduler<>(OPTIONS, new TritonBatchingPolicy(OPTIONS), () -> 0);

  public BatchSchedulerLincheckTest() {
    for (int index = 0; index < items.length; index++) {
      items[index] =
          new TestItem("i" + index).key(index % 2 == 0 ? "A" : "B").priority(index == 4 ? 1 : 2);
    }
  }

  @Operation
  public String submit(@Param(name = "item") int item) {
    return submitAll(List.of(items[item]));
  }

  @Operation
  public String submitTwo(@Param(name = "item") int item) {
    return submitAll(List.of(items[item], items[(item + 2) % items.length]));
  }

  private String submitAll(List<TestItem> arrivals) {
    try {
      scheduler.submitAll(arrivals);
      return "accepted";
    } catch (InferenceException refusal) {
      return refusal.code().name();
    } catch (IllegalStateException _) {
      return "queued already";
    }
  }

  @Operation
  public boolean remove(@Param(name = "item") int item) {
    return scheduler.remove(items[item]);
  }

  @Operation
  public @Nullable String poll() {
    Batch<TestItem> batch = scheduler.poll();
    return batch == null ? null : batch.items().toString();
  }

  @Operation
  public String status() {
    return scheduler.status().toString();
  }

  @Operation
  public void close() {
    scheduler.close();
  }

  @Test
  void scheduler_isLinearizable_forAnyInterleaving() {
    new ModelCheckingOptions()
        .iterations(8)
        .invocationsPerIteration(30)
        .threads(2)
        .actorsPerThread(2)
        .actorsBefore(2)
        .actorsAfter(1)
        .check(BatchSchedulerLincheckTest.class);
  }
}
