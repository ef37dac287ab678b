package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import java.util.ArrayList;
import java.util.List;

/** The scenarios with a job service. */
public final class JobScenarios {
  private JobScenarios() {}

  /** All of them, in the order in which they are run. */
  public static List<Scenario> all() {
    List<Scenario> all = new ArrayList<>(List.of(AcceptedJobs.values()));
    all.addAll(List.of(KilledBatch.values()));
    all.addAll(List.of(new IdleFleet(), new BesideCallers(), new LargeFile(), new Submissions()));
    return List.copyOf(all);
  }
}
