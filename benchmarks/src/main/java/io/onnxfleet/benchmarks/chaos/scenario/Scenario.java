package io.onnxfleet.benchmarks.chaos.scenario;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import java.io.IOException;
import java.util.List;

/** One thing that goes wrong, on a fleet of its own. */
public interface Scenario {

  /** How it is called on the command line. */
  String scenario();

  /** Starts processes in the fleet, does the harm, and says what was seen. */
  List<Bar> run(ChaosFleet fleet, ChaosSettings settings) throws IOException, InterruptedException;
}
