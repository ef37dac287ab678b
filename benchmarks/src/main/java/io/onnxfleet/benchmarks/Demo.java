package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.client.BatchStatistics;
import io.onnxfleet.benchmarks.client.FleetClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Shows what a fleet does: embeds a few sentences and prints how alike they are, then pushes load
 * and prints what it measured. Fails if any request does.
 */
final class Demo {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final int CALLS = 600;
  private static final int CALLERS = 32;

  private static final List<String> SENTENCES =
      List.of(
          "The parcel arrived two days late.",
          "My delivery took longer than promised.",
          "The customer asks for a refund.",
          "She wants her money back.",
          "A heron stands in the shallow water.",
          "A grey bird waits at the edge of the pond.");

  private final FleetClient gateway;
  private final LongSupplier nanoTime;
  private final PrintStream out;

  Demo(FleetClient gateway, LongSupplier nanoTime, PrintStream out) {
    this.gateway = gateway;
    this.nanoTime = nanoTime;
    this.out = out;
  }

  void run() throws IOException {
    try {
      showSimilarity();
      pushLoad();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void showSimilarity() throws IOException, InterruptedException {
    Similarity similarity = new Similarity(gateway.embed(MODEL, SENTENCES));
    out.println(
        "Sentences embedded by " + MODEL + ", and the cosine of the angle between each two:");
    for (int i = 0; i < SENTENCES.size(); i++) {
      out.println("%4d  %s".formatted(i + 1, SENTENCES.get(i)));
    }
    out.println(similarity);
  }

  private void pushLoad() throws IOException, InterruptedException {
    BatchStatistics before = gateway.batchStatistics(MODEL);
    ClosedLoop.Outcome outcome =
        new ClosedLoop(nanoTime)
            .count(CALLERS, CALLS, sequence -> gateway.embed(MODEL, List.of(text(sequence))));
    BatchStatistics ran = gateway.batchStatistics(MODEL).since(before);
    out.println();
    out.println("%d requests of one to six sentences, %d at a time:".formatted(CALLS, CALLERS));
    out.println("  throughput       %8.1f requests/s".formatted(outcome.perSecond()));
    out.println("  latency p50      %8.1f ms".formatted(outcome.millis(50)));
    out.println("  latency p99      %8.1f ms".formatted(outcome.millis(99)));
    out.println("  mean batch size  %8.2f rows".formatted(ran.meanBatchSize()));
    if (outcome.failures() > 0) {
      throw new IOException(
          outcome.failures()
              + " of "
              + CALLS
              + " requests failed, first: "
              + outcome.firstFailure());
    }
  }

  /** Texts of one to six sentences, so that requests of different lengths meet in a batch. */
  private static String text(long sequence) {
    int first = (int) (sequence % SENTENCES.size());
    int count = 1 + (int) (sequence / SENTENCES.size() % SENTENCES.size());
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(SENTENCES.get((first + i) % SENTENCES.size())).append(' ');
    }
    return text.append(sequence).toString();
  }
}
