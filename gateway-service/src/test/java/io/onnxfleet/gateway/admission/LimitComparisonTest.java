package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.limit.AIMDLimit;
import com.netflix.concurrency.limits.limit.FixedLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import com.netflix.concurrency.limits.limit.WindowedLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Why the limit is {@link TargetLatencyLimit}: the library's limits and it, on replicas that batch.
 * The whole table is left in {@code target/limits.md}.
 */
class LimitComparisonTest {

  private static final LimitProperties PROPERTIES =
      new LimitProperties(
          true, Duration.ofMillis(100), 10, 64, 4, 5000, 0.25, Duration.ofSeconds(1), 1, "");
  private static final double OVERLOAD = 3;

  private record Candidate(String name, Supplier<Limit> limit) {}

  private static final List<Candidate> CANDIDATES =
      List.of(
          new Candidate("none (5000)", () -> FixedLimit.of(5000)),
          new Candidate("Vegas", () -> VegasLimit.newBuilder().initialLimit(64).build()),
          new Candidate(
              "Gradient2",
              () ->
                  windowed(
                      Gradient2Limit.newBuilder()
                          .initialLimit(64)
                          .minLimit(4)
                          .maxConcurrency(5000)
                          .build())),
          new Candidate(
              "AIMD",
              () ->
                  windowed(
                      AIMDLimit.newBuilder()
                          .initialLimit(64)
                          .minLimit(4)
                          .maxLimit(5000)
                          .timeout(100, TimeUnit.MILLISECONDS)
                          .build())),
          new Candidate("target latency", () -> new TargetLatencyLimit(PROPERTIES)));

  private static Limit windowed(Limit limit) {
    return WindowedLimit.newBuilder()
        .minWindowTime(100, TimeUnit.MILLISECONDS)
        .maxWindowTime(1, TimeUnit.SECONDS)
        .build(limit);
  }

  @Test
  void targetLatencyLimit_keepsThroughputAndBoundsLatency_whenReplicasBatch() throws IOException {
    List<String> table = new ArrayList<>();
    table.add("| Replicas | Load | Limit | Goodput | p50 ms | p99 ms | Mean batch | Places |");
    table.add("|---|---:|---|---:|---:|---:|---:|---:|");
    for (BatchingBackend backend : BatchingBackend.all()) {
      double seconds = backend.fixedMillis() > 1000 ? 600 : backend.capacity() > 10_000 ? 6 : 30;
      for (double load : new double[] {0.7, OVERLOAD}) {
        for (Candidate candidate : CANDIDATES) {
          BatchingBackend.Result result =
              backend.run(candidate.limit.get(), PROPERTIES, load, seconds, 42);
          check(backend, load, candidate.name, result);
          table.add(
              "| %s | %.1f | %s | %.2f | %.0f | %.0f | %.1f | %d |"
                  .formatted(
                      backend.name(),
                      load,
                      candidate.name,
                      result.goodput(),
                      result.p50Millis(),
                      result.p99Millis(),
                      result.meanBatch(),
                      result.limit()));
        }
      }
    }
    Files.write(Path.of("target", "limits.md"), table);
  }

  private static void check(
      BatchingBackend backend, double load, String limit, BatchingBackend.Result result) {
    if (limit.equals("target latency")) {
      assertThat(result.goodput())
          .as("%s at %.1f", backend, load)
          .isGreaterThan(0.95 * Math.min(load, 1));
      double base = backend.fixedMillis() + backend.perRowMillis();
      double target = Math.max(100, 10 * base);
      // A quarter more for the gateway's own queue, and what the limit swings by.
      assertThat(result.p99Millis()).as("%s at %.1f", backend, load).isLessThan(2 * target);
    }
    if (limit.equals("Vegas") && backend.name().equals("accelerator") && load == OVERLOAD) {
      assertThat(result.goodput()).as("the collapse that rules Vegas out").isLessThan(0.5);
    }
  }
}
