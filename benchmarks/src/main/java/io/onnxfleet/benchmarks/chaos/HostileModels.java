package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.models.Suspects;
import io.onnxfleet.benchmarks.chaos.models.Suspects.Suspect;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Broken, hostile and damaged models are put into the folder of a replica that follows it, while
 * another model of it serves. Each has to load, or to be refused with a reason.
 */
final class HostileModels implements Scenario {
  private static final double RATE = 200;
  private static final Duration REST = Duration.ofSeconds(10);
  private static final int AT_ONCE = 100;

  @Override
  public String scenario() {
    return "hostile-models";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    Path models = Folders.emptied(fleet.logs().resolve("models"));
    Path graphs = Folders.emptied(fleet.logs().resolve("graphs"));
    Path served = Files.createDirectories(models.resolve(ChaosFleet.MODEL).resolve("1"));
    Files.createSymbolicLink(
        served.resolve("model.onnx"), fleet.modelFolder().resolve("1/model.onnx"));
    Running replica =
        fleet.startAlone(
            "replica",
            "--fleet.inference.models=" + models,
            "--fleet.inference.graph-cache=" + graphs,
            "--fleet.inference.repository.mode=poll",
            "--fleet.inference.repository.poll-interval=200ms",
            "--fleet.inference.repository.settle-time=0s",
            "--fleet.inference.trial.timeout=5s");
    fleet.awaitReady(replica);
    Suspects suspects = new Suspects(settings.seed());
    try (Traffic traffic = Traffic.open(replica.port(), RATE)) {
      Window _ = traffic.during(REST);
      Window undisturbed = traffic.during(REST);
      Inbox inbox = new Inbox(fleet, replica, models);
      List<Bar> bars = new ArrayList<>();
      Path hostile = settings.hostileModels();
      if (hostile != null) {
        bars.addAll(bars("hostile files", hostile(inbox, suspects, hostile)));
      }
      Window beside = traffic.window();
      bars.addAll(bars("damaged models", damaged(inbox, suspects, settings)));
      Window window = traffic.window();
      fleet.awaitReady(replica);
      bars.add(
          Bar.atMost(
              "failed requests for the other model",
              0,
              (double) beside.failed() + window.failed(),
              ""));
      bars.add(
          Bar.shown(
              "its p99 without, with hostile, with damaged",
              "%.1f ms, %.1f ms, %.1f ms"
                  .formatted(undisturbed.millis(99), beside.millis(99), window.millis(99))));
      return bars;
    }
  }

  /** How many came out in which way. */
  private record Outcomes(int loaded, int refused, int neither) {
    Outcomes plus(Outcomes other) {
      return new Outcomes(loaded + other.loaded, refused + other.refused, neither + other.neither);
    }
  }

  private static List<Bar> bars(String what, Outcomes outcomes) {
    return List.of(
        Bar.shown(
            what + " refused with a reason, loaded",
            "%d, %d".formatted(outcomes.refused(), outcomes.loaded())),
        Bar.atMost(what + " without an outcome", 0, outcomes.neither(), ""));
  }

  private static Outcomes hostile(Inbox inbox, Suspects suspects, Path folder)
      throws IOException, InterruptedException {
    List<Suspect> all = Suspects.in(folder);
    for (Suspect suspect : all) {
      suspect.layOut(inbox.place(suspect.name()));
    }
    Map<String, String> reasons = inbox.outcomes(all.stream().map(Suspect::name).toList());
    for (Suspect suspect : all) {
      if ("".equals(reasons.get(suspect.name()))) {
        suspects.seed(suspect);
      }
    }
    return count(all.size(), reasons);
  }

  private static Outcomes damaged(Inbox inbox, Suspects suspects, ChaosSettings settings)
      throws IOException, InterruptedException {
    Outcomes all = new Outcomes(0, 0, 0);
    for (int from = 0; from < settings.damagedModels(); from += AT_ONCE) {
      List<String> names = new ArrayList<>();
      for (int i = from; i < Math.min(from + AT_ONCE, settings.damagedModels()); i++) {
        names.add("damaged-" + i);
        suspects.layOutDamaged(inbox.place("damaged-" + i));
      }
      all = all.plus(count(names.size(), inbox.outcomes(names)));
    }
    return all;
  }

  private static Outcomes count(int asked, Map<String, String> reasons) {
    int loaded = (int) reasons.values().stream().filter(String::isEmpty).count();
    return new Outcomes(loaded, reasons.size() - loaded, asked - reasons.size());
  }
}
