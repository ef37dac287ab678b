package io.onnxfleet.benchmarks.bench;

import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.Target;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code server}: the highest rate of Poisson arrivals at which the 99th percentile keeps a bound
 * and nothing fails, which is how MLPerf's server scenario judges. The rate is halved in between
 * what held and what did not, below the throughput of a closed loop.
 */
@Command(
    name = "server",
    description = "The highest rate of Poisson arrivals at which the p99 keeps a bound.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit code:%n",
    exitCodeList = {"0: found", "1: no rate that was tried keeps it"})
public final class ServerScenarioCommand implements Callable<Integer> {
  private static final int MAX_CONNECTIONS = 1024;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--model", required = true, paramLabel = "M", description = "The model to load.")
  private String model = "";

  @Option(
      names = "--url",
      required = true,
      paramLabel = "U",
      converter = BenchCommand.TargetConverter.class,
      description = "http://host:port.")
  private @Nullable Target target;

  @Option(
      names = "--bound-ms",
      paramLabel = "B",
      description = "Of the 99th percentile. Default: ${DEFAULT-VALUE}.")
  private double bound = 100;

  @Option(names = "--callers", description = "Of the closed loop. Default: ${DEFAULT-VALUE}.")
  private int callers = 256;

  @Option(names = "--steps", description = "Rates to try. Default: ${DEFAULT-VALUE}.")
  private int steps = 6;

  @Option(
      names = "--duration",
      paramLabel = "S",
      description = "Seconds of each. Default: ${DEFAULT-VALUE}.")
  private double duration = 10;

  @Option(names = "--tokens", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private int tokens = 32;

  /** Says whether a rate is kept up with. */
  interface Trial {
    boolean holds(double rate) throws IOException, InterruptedException;
  }

  /** The highest of the rates that are tried which holds; 0 if none does. */
  static double highest(double capacity, int steps, Trial trial)
      throws IOException, InterruptedException {
    double held = 0;
    double broken = capacity;
    for (int step = 0; step < steps; step++) {
      // Most of what a server can do is usually kept up with, so the search begins high.
      double rate = step == 0 ? 0.8 * capacity : (held + broken) / 2;
      if (trial.holds(rate)) {
        held = rate;
      } else {
        broken = rate;
      }
    }
    return held;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec injected = spec;
    Target server = target;
    if (injected == null || server == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    Point closed = measure(server, new Load.Closed(callers));
    double capacity = closed.measurement().window().perSecond();
    out.println(
        "| Requests/s, Poisson | p50 ms | p99 ms | Failed | p99 <= %.0f ms |".formatted(bound));
    out.println("|---:|---:|---:|---:|---|");
    double highest =
        highest(
            capacity,
            steps,
            rate -> {
              Point point =
                  measure(server, new Load.Open(rate, Load.Arrival.POISSON, MAX_CONNECTIONS));
              Window window = point.measurement().window();
              boolean holds =
                  window.succeeded() > 0 && window.failed() == 0 && window.millis(99) <= bound;
              out.println(
                  "| %.1f | %.2f | %.2f | %d | %s |"
                      .formatted(
                          rate,
                          window.millis(50),
                          window.millis(99),
                          window.failed(),
                          holds ? "yes" : "no"));
              out.flush();
              return holds;
            });
    out.println();
    out.println(
        "%s: **%.1f requests/s** within %.0f ms at the 99th percentile (closed loop of %d: %.1f/s)"
            .formatted(model, highest, bound, callers, capacity));
    out.flush();
    return highest > 0 ? 0 : 1;
  }

  private Point measure(Target server, Load load) throws IOException, InterruptedException {
    Duration window = Duration.ofNanos(Math.round(duration * 1e9 / 3));
    Span one = new Span(1, 1);
    Span length = new Span(tokens, tokens);
    Bench.Settings settings =
        new Bench.Settings(
            server,
            new RequestMaker(model, RequestMaker.Encoding.BINARY, one, length, List.of(), null),
            List.of(load),
            Duration.ofSeconds(2),
            window,
            3,
            3,
            Duration.ofSeconds(30));
    return new Bench(settings, System::nanoTime, BenchCommand::pauseUntil, _ -> {})
        .run()
        .getFirst();
  }
}
