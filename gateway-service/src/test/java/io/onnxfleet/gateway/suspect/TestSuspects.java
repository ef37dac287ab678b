package io.onnxfleet.gateway.suspect;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Suspects for the tests of those who ask them. */
public final class TestSuspects {

  private TestSuspects() {}

  /** Knows nothing yet. */
  public static Suspects of(
      Supplier<Fleet> fleet, Predicate<String> isEjected, LongSupplier clock) {
    Suspects suspects =
        new Suspects(fleet, isEjected, new SuspectMetrics(new SimpleMeterRegistry()), clock);
    suspects.update(fleet.get());
    return suspects;
  }

  /** The replica's content has answered so many requests like this that it is vouched for. */
  public static void vouch(Suspects suspects, Replica replica, RunRequest request) {
    for (int i = 0; i < Suspects.VOUCHING_ANSWERS; i++) {
      suspects.answered(replica, request, true);
    }
  }
}
