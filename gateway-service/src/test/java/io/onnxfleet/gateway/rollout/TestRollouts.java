package io.onnxfleet.gateway.rollout;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.springframework.util.unit.DataSize;

/** Rollouts for the tests of those who follow one. */
public final class TestRollouts {

  private TestRollouts() {}

  /** A plan that has just begun. */
  public static Rollout of(RolloutPlan plan, LongSupplier clock) {
    return new Rollout(
        plan,
        new RolloutProperties(
            List.of(), Duration.ofMinutes(1), 50, 0.02, 1.5, 16, DataSize.ofMegabytes(1), 0.001),
        new RolloutMetrics(new SimpleMeterRegistry()),
        clock);
  }

  /** One request, answered by the stable side. */
  public static Assignment stable(Rollout rollout, boolean isShadowed) {
    return new Assignment(rollout, Arm.STABLE, rollout.plan().stableModel(), isShadowed);
  }

  /** Answers of the stable side that were counted. */
  public static double answers(Rollout rollout) {
    return rollout.summary(Arm.STABLE).requests();
  }

  /** And failures among them. */
  public static double failures(Rollout rollout) {
    return rollout.summary(Arm.STABLE).failures();
  }

  /** What came of shadows, by its tag. */
  public static Map<String, Long> shadows(Rollout rollout) {
    return rollout.shadows().summary().counts();
  }
}
