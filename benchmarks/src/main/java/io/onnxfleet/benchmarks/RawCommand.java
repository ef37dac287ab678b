package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.onnxruntime.OrtException;
import io.onnxfleet.benchmarks.RawOnnxRuntime.Split;
import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.benchmarks.command.Conversion;
import io.onnxfleet.benchmarks.texts.TextLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code raw}: rows a second of ONNX Runtime in this process, without any server: the limit. Each
 * split of the CPUs into sessions and threads is tried with each batch size. Texts are tokenized
 * beforehand, and those of like length share a batch.
 */
@Command(
    name = "raw",
    description = "Rows a second of ONNX Runtime in this process, without a server.",
    sortOptions = false,
    mixinStandardHelpOptions = true)
final class RawCommand implements Callable<Integer> {
  private static final long SEED = 7;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--file",
      required = true,
      paramLabel = "MODEL_FILE",
      description = "An ONNX file.")
  private Path file = Path.of("");

  @Option(
      names = "--batch",
      split = ",",
      paramLabel = "N,N...",
      description = "Rows of a run. Default: 1,2,4,8,16,32.")
  private List<Integer> batches = List.of(1, 2, 4, 8, 16, 32);

  @Option(
      names = "--split",
      split = ",",
      converter = SplitConverter.class,
      paramLabel = "SxT,...",
      description = "Sessions x threads of each. Default: every split of the CPUs.")
  private @Nullable List<Split> splits;

  @Option(names = "--tokens", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private int tokens = 32;

  @Mixin private TextLoad texts = new TextLoad();

  @Option(
      names = "--duration",
      paramLabel = "S",
      description = "Seconds of each measurement. Default: ${DEFAULT-VALUE}.")
  private double duration = 3;

  @Option(
      names = "--provider",
      paramLabel = "cpu|cuda",
      description = "Default: ${DEFAULT-VALUE}. CUDA on the first device.")
  private RawOnnxRuntime.Device provider = RawOnnxRuntime.Device.CPU;

  @Option(
      names = "--result",
      paramLabel = "FILE",
      description = "Writes the figures there, tab-separated.")
  private @Nullable Path result;

  /**
   * What one split did at one batch size.
   *
   * @param median of its runs, in milliseconds
   * @param padding the share of its tokens that were, 0 to 1
   */
  private record Figure(
      Split split,
      int batch,
      double rowsPerSecond,
      double median,
      double percentile99,
      double padding) {}

  @Override
  public Integer call() throws IOException, OrtException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    List<Split> tried =
        splits == null ? Split.of(Runtime.getRuntime().availableProcessors()) : splits;
    List<long[]> rows = new ArrayList<>(texts.rows());
    rows.sort(Comparator.comparingInt(row -> row.length));
    String unit = texts.isGiven() ? "texts/s" : "rows/s";
    List<Figure> figures = new ArrayList<>();
    for (Split split : tried) {
      try (RawOnnxRuntime raw = new RawOnnxRuntime(CallersFolder.resolve(file), split, provider)) {
        for (int batch : batches) {
          Figure figure = measure(raw, batch, rows);
          figures.add(figure);
          out.println(
              "%s  batch %3d  %10.1f %s  p50 %8.2f ms  p99 %8.2f ms  padding %4.1f %%"
                  .formatted(
                      split,
                      batch,
                      figure.rowsPerSecond,
                      unit,
                      figure.median,
                      figure.percentile99,
                      100 * figure.padding));
          out.flush();
        }
      }
    }
    figures.sort(Comparator.comparingDouble(Figure::rowsPerSecond).reversed());
    Figure best = figures.getFirst();
    out.println(
        "best: %s, batch %d: %.1f %s".formatted(best.split, best.batch, best.rowsPerSecond, unit));
    if (result != null) {
      StringBuilder lines = new StringBuilder("split\tbatch\trows\tp50\tp99\tpadding\n");
      figures.forEach(
          f ->
              lines.append(
                  "%s\t%d\t%.2f\t%.3f\t%.3f\t%.4f\n"
                      .formatted(
                          f.split, f.batch, f.rowsPerSecond, f.median, f.percentile99, f.padding)));
      Files.writeString(CallersFolder.resolve(result), lines, UTF_8);
    }
    return 0;
  }

  /**
   * Runs all batches in turn, each as often as the others, for about the time that was asked for.
   *
   * @param rows of texts, the shortest first; none to make one batch up
   */
  private Figure measure(RawOnnxRuntime raw, int batch, List<long[]> rows)
      throws IOException, OrtException {
    List<RawOnnxRuntime.Batch> inputs = new ArrayList<>();
    long own = 0;
    long run = 0;
    try {
      for (int from = 0; from < rows.size(); from += batch) {
        List<long[]> part = rows.subList(from, Math.min(rows.size(), from + batch));
        own += part.stream().mapToLong(row -> row.length).sum();
        run += (long) part.size() * part.getLast().length;
        inputs.add(raw.batch(part));
      }
      if (inputs.isEmpty()) {
        inputs.add(raw.batch(batch, tokens, SEED));
      }
      Collections.shuffle(inputs, new Random(SEED));
      ClosedLoop loop = new ClosedLoop(System::nanoTime);
      int sessions = raw.split().sessions();
      ClosedLoop.Call call = each -> raw.run(inputs.get((int) (each % inputs.size())));
      ClosedLoop.Outcome warmUp =
          checked(loop.during(sessions, Math.round(duration * 1e9 / 2), call));
      long rounds = Math.max(1, Math.round(warmUp.perSecond() * duration / inputs.size()));
      ClosedLoop.Outcome outcome = checked(loop.count(sessions, rounds * inputs.size(), call));
      double rowsOfRun = rows.isEmpty() ? batch : (double) rows.size() / inputs.size();
      return new Figure(
          raw.split(),
          batch,
          outcome.perSecond() * rowsOfRun,
          outcome.millis(50),
          outcome.millis(99),
          run == 0 ? 0 : 1 - (double) own / run);
    } finally {
      inputs.forEach(RawOnnxRuntime.Batch::close);
    }
  }

  private static ClosedLoop.Outcome checked(ClosedLoop.Outcome outcome) throws IOException {
    Exception failure = outcome.firstFailure();
    if (failure != null) {
      throw new IOException("ONNX Runtime: " + failure.getMessage(), failure);
    }
    return outcome;
  }

  /** {@link Split#parse}. */
  static final class SplitConverter implements ITypeConverter<Split> {
    @Override
    public Split convert(String text) {
      return Conversion.of(text, Split::parse);
    }
  }
}
