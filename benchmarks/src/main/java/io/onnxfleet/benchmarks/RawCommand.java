package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.onnxruntime.OrtException;
import io.onnxfleet.benchmarks.RawOnnxRuntime.Split;
import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.benchmarks.command.Conversion;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code raw}: rows a second of ONNX Runtime in this process, without any server: the limit. Each
 * split of the CPUs into sessions and threads is tried with each batch size.
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

  /** Rows a second of one split at one batch size, and how long its runs took. */
  private record Figure(
      Split split, int batch, double rowsPerSecond, double median, double percentile99) {}

  @Override
  public Integer call() throws IOException, OrtException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    List<Split> tried =
        splits == null ? Split.of(Runtime.getRuntime().availableProcessors()) : splits;
    List<Figure> figures = new ArrayList<>();
    for (Split split : tried) {
      try (RawOnnxRuntime raw = new RawOnnxRuntime(CallersFolder.resolve(file), split, provider)) {
        for (int batch : batches) {
          Figure figure = measure(raw, batch);
          figures.add(figure);
          out.println(
              "%s  batch %3d  %10.1f rows/s  p50 %8.2f ms  p99 %8.2f ms"
                  .formatted(
                      split, batch, figure.rowsPerSecond, figure.median, figure.percentile99));
          out.flush();
        }
      }
    }
    figures.sort(Comparator.comparingDouble(Figure::rowsPerSecond).reversed());
    Figure best = figures.getFirst();
    out.println(
        "best: %s, batch %d: %.1f rows/s".formatted(best.split, best.batch, best.rowsPerSecond));
    if (result != null) {
      StringBuilder lines = new StringBuilder("split\tbatch\trows\tp50\tp99\n");
      figures.forEach(
          f ->
              lines.append(
                  "%s\t%d\t%.2f\t%.3f\t%.3f\n"
                      .formatted(f.split, f.batch, f.rowsPerSecond, f.median, f.percentile99)));
      Files.writeString(CallersFolder.resolve(result), lines, UTF_8);
    }
    return 0;
  }

  private Figure measure(RawOnnxRuntime raw, int batch) throws IOException, OrtException {
    Duration measured = Duration.ofNanos(Math.round(duration * 1e9));
    try (RawOnnxRuntime.Batch inputs = raw.batch(batch, tokens, SEED)) {
      ClosedLoop loop = new ClosedLoop(System::nanoTime);
      var _ = run(loop, raw, inputs, measured.dividedBy(2)); // warms up; not counted
      ClosedLoop.Outcome outcome = run(loop, raw, inputs, measured);
      return new Figure(
          raw.split(), batch, outcome.perSecond() * batch, outcome.millis(50), outcome.millis(99));
    }
  }

  private static ClosedLoop.Outcome run(
      ClosedLoop loop, RawOnnxRuntime raw, RawOnnxRuntime.Batch inputs, Duration time)
      throws IOException {
    ClosedLoop.Outcome outcome =
        loop.during(raw.split().sessions(), time.toNanos(), _ -> raw.run(inputs));
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
