package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * New versions of a model are put into the folder of a replica that follows it, one after the
 * other, under load. Each differs from the last by a word of metadata, so that nothing of it is
 * known yet.
 */
final class VersionChanges implements Scenario {
  private static final int CHANGES = 50;

  /** Changes before anything is measured: they make the process as large as it gets. */
  private static final int WARM_UP_CHANGES = 30;

  private static final int REPORTED_CHANGES = 10;
  private static final double RATE = 200;
  private static final Duration REST = Duration.ofSeconds(5);
  private static final int READINGS = 15;
  private static final Duration BETWEEN_READINGS = Duration.ofSeconds(1);

  @Override
  public String scenario() {
    return "version-changes";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    Path models = Folders.emptied(fleet.logs().resolve("models"));
    Path graphs = Folders.emptied(fleet.logs().resolve("graphs"));
    Path model = Files.createDirectories(models.resolve(ChaosFleet.MODEL));
    Path original = fleet.modelFolder().resolve("1/model.onnx");
    int version = 1;
    put(original, model, version);
    Running replica =
        fleet.startAlone(
            "replica",
            "--fleet.inference.models=" + models,
            "--fleet.inference.graph-cache=" + graphs,
            "--fleet.inference.max-graph-cache=500MB",
            "--fleet.inference.repository.mode=poll");
    fleet.awaitReady(replica);
    try (Traffic traffic = Traffic.open(replica.port(), RATE)) {
      for (int change = 0; change < WARM_UP_CHANGES; change++) {
        change(fleet, replica, original, model, ++version);
      }
      Window undisturbed = traffic.during(REST);
      long before = residentBytes(replica);
      List<Change> changes = new ArrayList<>();
      for (int change = 0; change < CHANGES; change++) {
        changes.add(change(fleet, replica, original, model, ++version));
        if (changes.size() % REPORTED_CHANGES == 0) {
          settings.say(
              "%d changes, %d MiB".formatted(changes.size(), replica.residentBytes() / (1 << 20)));
        }
      }
      Thread.sleep(REST);
      long after = residentBytes(replica);
      Window window = traffic.window();
      if (window.failed() > 0) {
        settings.say("the first failure: " + traffic.firstFailure());
      }
      double growth = 100.0 * (after - before) / before;
      return List.of(
          Bar.shown("requests", Long.toString(window.succeeded() + window.failed())),
          Bar.atMost("failed in " + CHANGES + " changes", 0, (double) window.failed(), ""),
          Bar.shown("resident before", before / (1 << 20) + " MiB"),
          Bar.atMost("growth of resident memory", 3, growth, " %"),
          Bar.shown(
              "a version's load, the longest",
              "%.2f s, %.2f s".formatted(mean(changes, Change::load), most(changes, Change::load))),
          Bar.shown(
              "from file to READY, less its load",
              "%.2f s".formatted(mean(changes, Change::beyondLoad))),
          Bar.atMost("the slowest of these", 3, most(changes, Change::beyondLoad), " s"),
          Bar.shown(
              "p99 without and with changes",
              "%.1f ms, %.1f ms".formatted(undisturbed.millis(99), window.millis(99))));
    }
  }

  /** The median over some seconds after a collection of garbage, which moves single readings. */
  private static long residentBytes(Running replica) throws IOException, InterruptedException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    int ended =
        new ProcessBuilder(jcmd, Long.toString(replica.process().pid()), "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    if (ended != 0) {
      throw new IOException(jcmd + " GC.run: exit code " + ended + " (expected 0)");
    }
    long[] readings = new long[READINGS];
    for (int i = 0; i < READINGS; i++) {
      Thread.sleep(BETWEEN_READINGS);
      readings[i] = replica.residentBytes();
    }
    Arrays.sort(readings);
    return readings[READINGS / 2];
  }

  /**
   * A change in seconds.
   *
   * @param total from the file's last move until the version is ready
   * @param load until its last instance is warm, and the version before it has left
   */
  private record Change(double total, double load) {
    double beyondLoad() {
      return total - load;
    }
  }

  private static double mean(List<Change> changes, ToDoubleFunction<Change> of) {
    return changes.stream().mapToDouble(of).average().orElse(0);
  }

  private static double most(List<Change> changes, ToDoubleFunction<Change> of) {
    return changes.stream().mapToDouble(of).max().orElse(0);
  }

  private static Change change(
      ChaosFleet fleet, Running replica, Path original, Path model, int version)
      throws IOException, InterruptedException {
    double loadsBefore = loads(fleet, replica, "count");
    double loadingBefore = loads(fleet, replica, "sum");
    put(original, model, version);
    long begin = System.nanoTime();
    fleet.await(
        "version " + version + " is ready",
        () ->
            fleet.isOk(
                replica, ApiCall.MODEL_READY.path(ChaosFleet.MODEL, String.valueOf(version))));
    double seconds = (System.nanoTime() - begin) / 1e9;
    Folders.delete(model.resolve(Integer.toString(version - 2)));
    fleet.await(
        "the load of version " + version + " is counted",
        () -> loads(fleet, replica, "count") > loadsBefore);
    return new Change(seconds, loads(fleet, replica, "sum") - loadingBefore);
  }

  /** How many loads there were so far, or their sum in seconds. */
  private static double loads(ChaosFleet fleet, Running replica, String figure)
      throws InterruptedException {
    return fleet
        .get(replica, "/actuator/prometheus")
        .lines()
        .filter(line -> line.startsWith("fleet_inference_model_load_duration_seconds_" + figure))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Writes a version under a hidden name and moves it into place. */
  private static void put(Path original, Path model, int version) throws IOException {
    Path hidden = Files.createDirectories(model.resolve("." + version));
    Path file = hidden.resolve("model.onnx");
    Files.copy(original, file, StandardCopyOption.REPLACE_EXISTING);
    byte[] value = ("version " + version).getBytes(StandardCharsets.US_ASCII);
    // Field 14 of ONNX's model is a list of pairs; a further one at the end is a model as well.
    try (OutputStream end = Files.newOutputStream(file, StandardOpenOption.APPEND)) {
      end.write(new byte[] {14 << 3 | 2, (byte) (value.length + 5), 10, 1, 'v', 18});
      end.write(value.length);
      end.write(value);
    }
    Files.move(hidden, model.resolve(Integer.toString(version)), StandardCopyOption.ATOMIC_MOVE);
  }
}
