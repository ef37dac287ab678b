package io.onnxfleet.benchmarks.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.benchmarks.command.Conversion;
import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.Measurement;
import io.onnxfleet.benchmarks.load.Target;
import io.onnxfleet.benchmarks.texts.TextLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench}: load on a running server, measured. */
@Command(
    name = "bench",
    description = "Loads a server of the Open Inference Protocol and measures it.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit code:%n",
    exitCodeList = {"0: measured", "1: no measurement", "2: wrong usage", "3: above --max-errors"})
public final class BenchCommand implements Callable<Integer> {
  public static final int TOO_MANY_ERRORS = 3;
  private static final int MAX_CONNECTIONS = 1024;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--model", required = true, paramLabel = "M", description = "The model to load.")
  private String model = "";

  @Option(
      names = "--url",
      required = true,
      paramLabel = "U",
      converter = TargetConverter.class,
      description = "http://host:port. ./fleet fills in the running fleet's gateway.")
  private @Nullable Target target;

  @Option(
      names = "--concurrency",
      paramLabel = "N[:M]",
      converter = ConcurrencyConverter.class,
      description = "Closed loop: so many callers, or a range that doubles. Default: 1:64.")
  private @Nullable Concurrency concurrency;

  @Option(
      names = "--rate",
      paramLabel = "R[:TO:STEP]",
      converter = RateConverter.class,
      description = "Open loop: requests a second, latency from when each was due.")
  private @Nullable Rate rate;

  @Option(
      names = "--arrival",
      paramLabel = "poisson|constant",
      description = "Gaps between the requests of an open loop. Default: ${DEFAULT-VALUE}.")
  private Load.Arrival arrival = Load.Arrival.POISSON;

  @Option(
      names = "--input",
      paramLabel = "text|json|binary",
      description = "How requests are written. Default: binary; text with --texts.")
  private RequestMaker.@Nullable Encoding input;

  @Option(
      names = "--tokens",
      paramLabel = "N[:M]",
      converter = Span.Converter.class,
      description = "Length of a row where the model leaves it open. Default: ${DEFAULT-VALUE}.")
  private Span tokens = new Span(32, 32);

  @Option(
      names = "--rows",
      paramLabel = "N[:M]",
      converter = Span.Converter.class,
      description = "Rows of a request. Default: ${DEFAULT-VALUE}.")
  private Span rows = new Span(1, 1);

  @Mixin private TextLoad texts = new TextLoad();

  @Option(
      names = "--deadline-ms",
      paramLabel = "D",
      description = "Told to the server with each request; answers within it are counted.")
  private @Nullable Long deadlineMillis;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds before each point that do not count. Default: ${DEFAULT-VALUE}.")
  private double warmUp = 2;

  @Option(
      names = "--window",
      paramLabel = "S",
      description =
          "Seconds; a point is done when three in a row agree. Default: ${DEFAULT-VALUE}.")
  private double window = 2;

  @Option(
      names = "--max-windows",
      paramLabel = "N",
      description = "How many at most. Default: ${DEFAULT-VALUE}.")
  private int maxWindows = 10;

  @Option(
      names = "--duration",
      paramLabel = "S",
      description = "Measures each point for so long, whether or not it is stable.")
  private @Nullable Double duration;

  @Option(
      names = "--timeout",
      paramLabel = "S",
      description = "How long an answer may take. Default: ${DEFAULT-VALUE}.")
  private double timeout = 30;

  @Option(
      names = "--max-errors",
      paramLabel = "SHARE",
      description = "Share of requests that may fail, 0 to 1. Default: ${DEFAULT-VALUE}.")
  private double maxErrors = 0;

  @Option(
      names = "--result",
      paramLabel = "FILE",
      description = "Writes the table there, tab-separated.")
  private @Nullable Path result;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Writes a page of HTML there, with diagrams.")
  private @Nullable Path report;

  /** Points of a closed loop. */
  record Concurrency(List<Integer> callers) {}

  /** Points of an open loop. */
  record Rate(List<Double> perSecond) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    Bench.Settings settings = settings();
    CommandLine commandLine = specification().commandLine();
    PrintWriter out = commandLine.getOut();
    Progress progress = Progress.of(System.console(), out);
    List<Point> points =
        new Bench(settings, System::nanoTime, BenchCommand::pauseUntil, progress).run();
    progress.clear();
    ResultTable table = new ResultTable(points, deadlineMillis);
    out.println(title(settings));
    out.println(table.text());
    out.flush();
    if (result != null) {
      Files.writeString(CallersFolder.resolve(result), table.tabSeparated(), UTF_8);
    }
    if (report != null) {
      Report page = new Report(title(settings), described(settings), points, deadlineMillis);
      Files.writeString(CallersFolder.resolve(report), page.html(), UTF_8);
    }
    return exitCode(points);
  }

  private Map<String, String> described(Bench.Settings settings) {
    Map<String, String> described = new LinkedHashMap<>();
    described.put(
        "command", String.join(" ", specification().commandLine().getParseResult().originalArgs()));
    described.put("warm-up", settings.warmUp().toMillis() + " ms");
    described.put("window", settings.window().toMillis() + " ms");
    described.put(
        "windows",
        settings.windows() == null
            ? "until three agree within 10 %, at most " + settings.maxWindows()
            : settings.windows().toString());
    described.put("deadline", deadlineMillis == null ? "none" : deadlineMillis + " ms");
    described.putAll(Machine.described());
    return described;
  }

  private int exitCode(List<Point> points) {
    double worst =
        points.stream().mapToDouble(p -> p.measurement().window().failedShare()).max().orElse(0);
    if (worst <= maxErrors) {
      return CommandLine.ExitCode.OK;
    }
    PrintWriter err = specification().commandLine().getErr();
    err.println("failed: %.4f of the requests (--max-errors %s)".formatted(worst, maxErrors));
    err.flush();
    return TOO_MANY_ERRORS;
  }

  private String title(Bench.Settings settings) {
    return "%s at %s, %s, %s rows of %s, %s"
        .formatted(
            model,
            settings.target(),
            settings.requests().encoding().name().toLowerCase(Locale.ROOT),
            rows,
            texts.isGiven() ? texts : tokens + " tokens",
            rate == null
                ? "closed loop"
                : "open loop, " + arrival.name().toLowerCase(Locale.ROOT) + " arrivals");
  }

  private RequestMaker.Encoding encoding() {
    RequestMaker.Encoding usual =
        texts.isGiven() ? RequestMaker.Encoding.TEXT : RequestMaker.Encoding.BINARY;
    RequestMaker.Encoding encoding = input == null ? usual : input;
    if (texts.isGiven() && encoding != usual) {
      throw wrong("--input", encoding.name().toLowerCase(Locale.ROOT), "text with --texts");
    }
    return encoding;
  }

  private Bench.Settings settings() throws IOException {
    Target checkedTarget = target;
    if (checkedTarget == null) {
      throw wrong("--url", "null", "http://host:port");
    }
    if (concurrency != null && rate != null) {
      throw new ParameterException(
          specification().commandLine(), "--concurrency and --rate (expected: one of them)");
    }
    require("--warm-up", warmUp, 0, 3_600);
    require("--window", window, 0.1, 3_600);
    require("--timeout", timeout, 0.1, 3_600);
    require("--max-errors", maxErrors, 0, 1);
    require("--max-windows", maxWindows, Measurement.AGREEING, 1_000);
    if (deadlineMillis != null) {
      require("--deadline-ms", deadlineMillis, 1, 3_600_000);
    }
    Integer windows = null;
    Duration length = seconds(window);
    if (duration != null) {
      require("--duration", duration, 0.3, 86_400);
      windows = Math.max(Measurement.AGREEING, (int) Math.round(duration / window));
      length = seconds(duration / windows);
    }
    return new Bench.Settings(
        checkedTarget,
        new RequestMaker(model, encoding(), rows, tokens, texts.texts(), deadlineMillis),
        loads(),
        seconds(warmUp),
        length,
        windows,
        maxWindows,
        seconds(timeout));
  }

  private List<Load> loads() {
    if (rate != null) {
      return rate.perSecond.stream()
          .map(perSecond -> (Load) new Load.Open(perSecond, arrival, MAX_CONNECTIONS))
          .toList();
    }
    Concurrency points =
        concurrency == null ? new Concurrency(Sweep.doubling("1:64")) : concurrency;
    return points.callers.stream().map(callers -> (Load) new Load.Closed(callers)).toList();
  }

  private void require(String option, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw wrong(option, Double.toString(value), least + " to " + most);
    }
  }

  private ParameterException wrong(String option, String value, String expected) {
    return new ParameterException(
        specification().commandLine(), option + ": " + value + " (expected: " + expected + ")");
  }

  private CommandSpec specification() {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    return injected;
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }

  static void pauseUntil(long nanoTime) {
    long left = nanoTime - System.nanoTime();
    while (left > 0) {
      LockSupport.parkNanos(left);
      left = nanoTime - System.nanoTime();
    }
  }

  /** An address. */
  static final class TargetConverter implements ITypeConverter<Target> {
    @Override
    public Target convert(String text) {
      return Conversion.of(text, value -> Target.of(URI.create(value)));
    }
  }

  /** {@link Sweep#doubling}. */
  static final class ConcurrencyConverter implements ITypeConverter<Concurrency> {
    @Override
    public Concurrency convert(String text) {
      return Conversion.of(text, value -> new Concurrency(Sweep.doubling(value)));
    }
  }

  /** {@link Sweep#stepping}. */
  static final class RateConverter implements ITypeConverter<Rate> {
    @Override
    public Rate convert(String text) {
      return Conversion.of(text, value -> new Rate(Sweep.stepping(value)));
    }
  }
}
