package io.onnxfleet.benchmarks.bench;

import com.sun.management.OperatingSystemMXBean;
import io.onnxfleet.benchmarks.client.FleetClient;
import io.onnxfleet.benchmarks.client.InferenceStatistics;
import io.onnxfleet.benchmarks.client.ModelInput;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.LoadGenerator;
import io.onnxfleet.benchmarks.load.Measurement;
import io.onnxfleet.benchmarks.load.PreparedRequest;
import io.onnxfleet.benchmarks.load.Target;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Measures a server at some points of load, one after the other, each over connections anew. */
final class Bench {
  private static final long SEED = 11;

  private final Settings settings;
  private final LongSupplier nanoTime;
  private final Pause pause;
  private final Consumer<String> progress;
  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  /**
   * @param warmUp before each point; not counted
   * @param window length of the spans that must agree
   * @param windows how many to measure; null to measure until the last three agree
   * @param maxWindows how many to measure at most until they do
   * @param timeout how long an answer may take
   */
  record Settings(
      Target target,
      RequestMaker requests,
      List<Load> loads,
      Duration warmUp,
      Duration window,
      @Nullable Integer windows,
      int maxWindows,
      Duration timeout) {}

  /** Lets time pass. */
  interface Pause {
    void until(long nanoTime);
  }

  /**
   * @param progress is told of each window
   */
  Bench(Settings settings, LongSupplier nanoTime, Pause pause, Consumer<String> progress) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.pause = pause;
    this.progress = progress;
  }

  /**
   * @throws IOException if the server cannot be reached or does not have the model
   */
  List<Point> run() throws IOException, InterruptedException {
    List<Point> points = new ArrayList<>();
    try (FleetClient client = new FleetClient(settings.target.uri())) {
      List<ModelInput> inputs =
          settings.requests.encoding() == RequestMaker.Encoding.TEXT
              ? List.of()
              : client.inputs(settings.requests.model());
      List<PreparedRequest> requests = settings.requests.make(settings.target, inputs);
      for (Load load : settings.loads) {
        points.add(point(load, requests, client));
      }
    }
    return points;
  }

  private Point point(Load load, List<PreparedRequest> requests, FleetClient client)
      throws IOException, InterruptedException {
    String model = settings.requests.model();
    try (LoadGenerator generator =
        new LoadGenerator(settings.target, requests, load, settings.timeout, nanoTime, SEED)) {
      progress.accept(load + ": warming up");
      generator.start();
      pause.until(nanoTime.getAsLong() + settings.warmUp.toNanos());
      InferenceStatistics before = client.statistics(model);
      long[] servedBefore = generator.served();
      long cpuBefore = system.getProcessCpuTime();
      long start = nanoTime.getAsLong();
      generator.window(); // what ended in the warm-up is not counted
      Measurement measurement = measure(load, generator, start);
      double clientCpus =
          (double) (system.getProcessCpuTime() - cpuBefore) / (nanoTime.getAsLong() - start);
      Point.Served served = Point.Served.between(servedBefore, generator.served());
      InferenceStatistics after = client.statistics(model);
      InferenceStatistics server = before == null || after == null ? null : after.since(before);
      return new Point(
          load,
          measurement,
          server,
          served,
          generator.stop(),
          clientCpus,
          generator.firstFailure());
    }
  }

  private Measurement measure(Load load, LoadGenerator generator, long start) {
    int[] taken = {0};
    Supplier<Window> next =
        () -> {
          pause.until(start + ++taken[0] * settings.window.toNanos());
          Window window = generator.window();
          progress.accept(
              "%s: window %d, %.1f/s, p50 %.1f ms, p99 %.1f ms, %d failed"
                  .formatted(
                      load,
                      taken[0],
                      window.perSecond(),
                      window.millis(50),
                      window.millis(99),
                      window.failed()));
          return window;
        };
    Integer windows = settings.windows;
    return windows == null
        ? Measurement.untilStable(next, settings.maxWindows)
        : Measurement.of(next, windows);
  }
}
