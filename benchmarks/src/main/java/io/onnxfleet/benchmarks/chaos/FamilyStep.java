package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The load becomes four times as much for a while: first for the family's best variant alone, then
 * for the family, whose callers say within which time they want their answers.
 */
final class FamilyStep implements Scenario {

  private static final String FAMILY = "minilm";
  private static final String BEST = "all-minilm-l6-v2";

  /** Of what the best variant can do; the step is four times that. */
  private static final double CALM = 0.3;

  private static final double STEP = 4;
  private static final long BUDGET_MILLIS = 300;
  private static final Map<String, String> BUDGET =
      Map.of(HeaderNames.LATENCY_BUDGET_MILLIS, Long.toString(BUDGET_MILLIS));
  private static final Duration BEFORE = Duration.ofSeconds(8);
  private static final Duration DURING = Duration.ofSeconds(20);
  private static final int AFTER_SECONDS = 15;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Seconds until the best variant answers that share again; single requests may miss it. */
  private static final double BACK = 0.95;

  private static final double LONGEST_BACK = 10;

  private final String name;
  private final Function<String, Traffic.Call> calls;

  private FamilyStep(String name, Function<String, Traffic.Call> calls) {
    this.name = name;
    this.calls = calls;
  }

  /** Texts of 62 words are embedded. */
  static FamilyStep embeddings() {
    return new FamilyStep("family-step", model -> Traffic.Call.embedding(model, 62));
  }

  /** Two passages of 60 words are ranked, by their vectors. */
  static FamilyStep rerank() {
    return new FamilyStep("family-step-rerank", model -> Traffic.Call.rerank(model, 2, 60));
  }

  @Override
  public String scenario() {
    return name;
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    Running gateway = fleet.startAll(2).getFirst();
    Traffic.Call alone = calls.apply(BEST);
    Traffic.Call family = calls.apply(FAMILY);
    Traffic.Call lesser = calls.apply(ChaosFleet.MODEL);
    double lesserCapacity = Traffic.capacity(gateway.port(), lesser, settings.warmUp());
    double capacity = Traffic.capacity(gateway.port(), alone, settings.warmUp());
    double calm = CALM * capacity;
    settings.say(
        "%.0f requests a second at capacity, %.0f of the lesser variant"
            .formatted(capacity, lesserCapacity));
    Steps ofBest = steps(fleet, gateway, alone, calm);
    Thread.sleep(Duration.ofSeconds(5));
    Steps ofFamily = steps(fleet, gateway, family, calm);
    settings.say("shares of the best variant by second: " + ofFamily.shares);
    settings.say("failures in the step: " + ofFamily.step.failures());
    return List.of(
        Bar.shown("requests a second", "%.0f, then %.0f".formatted(calm, STEP * calm)),
        Bar.shown("p99 before the step", millis(ofFamily.calm)),
        Bar.atLeast(
            "p99 in the step, best variant alone", BUDGET_MILLIS, millisOfAll(ofBest.step), " ms"),
        Bar.atMost("p99 in the step, family", BUDGET_MILLIS, millisOfAll(ofFamily.step), " ms"),
        Bar.shown("failed in the step, alone", Long.toString(ofBest.step.failed())),
        Bar.shown("failed in the step, family", Long.toString(ofFamily.step.failed())),
        Bar.shown("answered by the best variant in the step", percent(ofFamily.stepShare)),
        Bar.atMost("quality back after", LONGEST_BACK, ofFamily.secondsUntilBack(), " s"),
        Bar.shown("p99 after the step", millis(ofFamily.after)));
  }

  /**
   * What was seen.
   *
   * @param stepShare of the requests in the step that the best variant answered
   * @param shares the same for each second after the step
   */
  private record Steps(
      Window calm, Window step, Window after, double stepShare, List<Double> shares) {

    /** Infinite if it does not stay back. */
    double secondsUntilBack() {
      int back = shares.size();
      while (back > 0 && shares.get(back - 1) >= BACK) {
        back--;
      }
      return back == shares.size() ? Double.POSITIVE_INFINITY : back + 1;
    }
  }

  private static Steps steps(ChaosFleet fleet, Running gateway, Traffic.Call call, double calm)
      throws IOException, InterruptedException {
    try (Traffic traffic = Traffic.open(gateway.port(), call, calm, BUDGET, PATIENCE)) {
      traffic.during(Duration.ofSeconds(5));
      Window before = traffic.during(BEFORE);
      Chosen atStep = chosen(fleet, gateway);
      Window step;
      try (Traffic more = Traffic.open(gateway.port(), call, (STEP - 1) * calm, BUDGET, PATIENCE)) {
        Window more1 = more.during(DURING);
        step = Window.join(List.of(traffic.window(), more1));
      }
      Chosen last = chosen(fleet, gateway);
      double stepShare = last.shareSince(atStep);
      List<Window> after = new ArrayList<>();
      List<Double> shares = new ArrayList<>();
      for (int second = 0; second < AFTER_SECONDS; second++) {
        after.add(traffic.during(Duration.ofSeconds(1)));
        Chosen now = chosen(fleet, gateway);
        shares.add(now.shareSince(last));
        last = now;
      }
      return new Steps(before, step, Window.join(after), stepShare, shares);
    }
  }

  /** How often the best variant and all of them were chosen so far. */
  private record Chosen(double best, double all) {

    double shareSince(Chosen before) {
      return all == before.all
          ? 0
          : Math.rint(100 * (best - before.best) / (all - before.all)) / 100;
    }
  }

  private static Chosen chosen(ChaosFleet fleet, Running gateway) throws InterruptedException {
    double best = 0;
    double all = 0;
    for (String line : fleet.get(gateway, "/actuator/prometheus").lines().toList()) {
      if (line.startsWith("fleet_gateway_family_chosen_total{")) {
        double count = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
        all += count;
        best += line.contains("model=\"" + BEST + "\"") ? count : 0;
      }
    }
    return new Chosen(best, all);
  }

  /** The time that 99 of 100 requests took, failed ones having taken for ever. */
  private static double millisOfAll(Window window) {
    double percentile = 99 / (1 - window.failedShare());
    return percentile > 100 ? Double.POSITIVE_INFINITY : window.millis(percentile);
  }

  private static String millis(Window window) {
    return Bar.number(window.millis(99)) + " ms";
  }

  private static String percent(double share) {
    return "%.0f %%".formatted(100 * share);
  }
}
