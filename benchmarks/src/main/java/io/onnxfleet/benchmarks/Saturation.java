package io.onnxfleet.benchmarks;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Throughput at saturation: through the gateway, straight to a replica, and raw ONNX Runtime in
 * this process with a session of one thread a CPU, all in one run on one machine. all-MiniLM-L6-v2
 * fp32, one row of 32 tokens a request, tensors in binary.
 *
 * <p>The rows of the table take turns, round by round, so that a noisy neighbour disturbs all of
 * them; the table shows each row's round of median throughput. Compare with a fleet of one replica:
 * more of them share the CPUs, and a straight call then reaches only one's share.
 */
final class Saturation {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final int TOKENS = 32;
  private static final List<Integer> CALLERS = List.of(1, 8, 64);
  private static final List<Integer> RAW_BATCHES = List.of(1, 2, 4, 8, 16, 32);

  private final FleetClient gateway;
  private final FleetClient replica;
  private final Path modelFile;
  private final Duration duration;
  private final ClosedLoop loop;

  Saturation(
      FleetClient gateway,
      FleetClient replica,
      Path modelFile,
      Duration duration,
      LongSupplier nanoTime) {
    this.gateway = gateway;
    this.replica = replica;
    this.modelFile = modelFile;
    this.duration = duration;
    this.loop = new ClosedLoop(nanoTime);
  }

  /** One line of the table in one round. */
  record Measurement(
      double answersPerSecond, double p50Millis, double p99Millis, double meanBatch) {
    static Measurement median(List<Measurement> rounds) {
      return rounds.stream()
          .sorted(Comparator.comparingDouble(Measurement::answersPerSecond))
          .skip((rounds.size() - 1) / 2)
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("0 rounds (expected: >= 1)"));
    }
  }

  private interface Measure {
    Measurement over(Duration duration) throws IOException, InterruptedException, OrtException;
  }

  private record Row(String path, int callers, Measure measure, List<Measurement> rounds) {
    Row(String path, int callers, Measure measure) {
      this(path, callers, measure, new ArrayList<>());
    }
  }

  void run(int rounds, PrintStream out) throws IOException {
    int cpus = Runtime.getRuntime().availableProcessors();
    try (RawOnnxRuntime raw = new RawOnnxRuntime(modelFile, cpus)) {
      List<Row> rows = rows(raw);
      for (Row row : rows) {
        row.measure.over(duration.dividedBy(2)); // warms up; not counted
      }
      for (int round = 0; round < rounds; round++) {
        for (Row row : rows) {
          row.rounds.add(row.measure.over(duration));
        }
      }
      print(rows, rounds, cpus, out);
    } catch (OrtException e) {
      throw new IOException("ONNX Runtime: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Answers a second of raw ONNX Runtime alone, for a comparison of its versions. */
  static double raw(Path modelFile, int batch, Duration duration, LongSupplier nanoTime)
      throws IOException {
    int cpus = Runtime.getRuntime().availableProcessors();
    ClosedLoop loop = new ClosedLoop(nanoTime);
    try (RawOnnxRuntime raw = new RawOnnxRuntime(modelFile, cpus)) {
      measure(loop, raw, sentence(), batch, duration.dividedBy(2)); // warms up; not counted
      return measure(loop, raw, sentence(), batch, duration).answersPerSecond;
    } catch (OrtException e) {
      throw new IOException("ONNX Runtime: " + e.getMessage(), e);
    }
  }

  private List<Row> rows(RawOnnxRuntime raw) {
    Map<String, long[]> input = sentence();
    BinaryRequest request = BinaryRequest.ofRows(input);
    List<Row> rows = new ArrayList<>();
    for (int callers : CALLERS) {
      rows.add(new Row("gateway", callers, time -> measure(gateway, request, callers, time)));
      rows.add(new Row("replica", callers, time -> measure(replica, request, callers, time)));
    }
    for (int batch : RAW_BATCHES) {
      rows.add(
          new Row(
              "raw, batch " + batch,
              raw.sessions(),
              time -> measure(loop, raw, input, batch, time)));
    }
    return rows;
  }

  private Measurement measure(
      FleetClient client, BinaryRequest request, int callers, Duration duration)
      throws IOException, InterruptedException {
    BatchStatistics before = client.batchStatistics(MODEL);
    ClosedLoop.Outcome outcome =
        loop.during(callers, duration.toNanos(), sequence -> client.infer(MODEL, request));
    requireNoFailure(outcome);
    double meanBatch = client.batchStatistics(MODEL).since(before).meanBatchSize();
    return measurement(outcome, 1, meanBatch);
  }

  private static Measurement measure(
      ClosedLoop loop, RawOnnxRuntime raw, Map<String, long[]> input, int rows, Duration duration)
      throws IOException, OrtException {
    try (RawOnnxRuntime.Batch batch = raw.batch(input, rows)) {
      ClosedLoop.Outcome outcome =
          loop.during(raw.sessions(), duration.toNanos(), sequence -> raw.run(batch));
      requireNoFailure(outcome);
      return measurement(outcome, rows, rows);
    }
  }

  private static Measurement measurement(
      ClosedLoop.Outcome outcome, int rowsPerCall, double meanBatch) {
    return new Measurement(
        outcome.perSecond() * rowsPerCall, outcome.millis(50), outcome.millis(99), meanBatch);
  }

  private static void requireNoFailure(ClosedLoop.Outcome outcome) throws IOException {
    if (outcome.failures() > 0) {
      throw new IOException(
          outcome.failures() + " calls failed (expected: 0), first: " + outcome.firstFailure());
    }
  }

  private void print(List<Row> rows, int rounds, int cpus, PrintStream out) {
    double limit =
        rows.stream()
            .filter(row -> row.path.startsWith("raw"))
            .mapToDouble(row -> Measurement.median(row.rounds).answersPerSecond)
            .max()
            .orElse(0);
    out.println(
        "%s fp32, %d tokens, %d CPUs, %d rounds of %d s a row, median round"
            .formatted(MODEL, TOKENS, cpus, rounds, duration.toSeconds()));
    out.println();
    out.println("| Path | Callers | Answers/s | Of the best raw | p50 ms | p99 ms | Mean batch |");
    out.println("|---|---:|---:|---:|---:|---:|---:|");
    for (Row row : rows) {
      Measurement median = Measurement.median(row.rounds);
      out.println(
          "| %s | %d | %.1f | %.2f | %.1f | %.1f | %.2f |"
              .formatted(
                  row.path,
                  row.callers,
                  median.answersPerSecond,
                  median.answersPerSecond / limit,
                  median.p50Millis,
                  median.p99Millis,
                  median.meanBatch));
    }
  }

  /** One sentence of 32 tokens: word pieces of MiniLM's vocabulary between its two marks. */
  private static Map<String, long[]> sentence() {
    long[] ids = new long[TOKENS];
    long[] mask = new long[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      ids[i] = 2000 + 37L * i;
      mask[i] = 1;
    }
    ids[0] = 101;
    ids[TOKENS - 1] = 102;
    return Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", new long[TOKENS]);
  }
}
