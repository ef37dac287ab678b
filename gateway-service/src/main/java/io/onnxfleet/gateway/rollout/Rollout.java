package io.onnxfleet.gateway.rollout;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.gateway.rollout.RegressionRule.Regression;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One plan while it is followed. Once the candidate does worse than the stable one it is taken
 * back: it gets nothing any more until a new plan says so. Safe for use by many threads.
 */
public final class Rollout {

  private static final Logger LOGGER = LoggerFactory.getLogger(Rollout.class);
  private static final int TOO_MANY_REQUESTS = 429;
  private static final long JUDGED_EVERY = TimeUnit.MILLISECONDS.toNanos(200);

  private final RolloutPlan plan;
  private final RegressionRule rule;
  private final RolloutMetrics metrics;
  private final LongSupplier nanoClock;
  private final ArmOutcomes stable;
  private final ArmOutcomes candidate;
  private final ShadowReport shadows = new ShadowReport();
  private volatile @Nullable Regression returned;

  @GuardedBy("this")
  private long judgedAt;

  Rollout(
      RolloutPlan plan,
      RolloutProperties properties,
      RolloutMetrics metrics,
      LongSupplier nanoClock) {
    this.plan = plan;
    this.rule = new RegressionRule(properties);
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    long now = nanoClock.getAsLong();
    this.stable = new ArmOutcomes(properties.window(), now);
    this.candidate = new ArmOutcomes(properties.window(), now);
    this.judgedAt = now - JUDGED_EVERY;
  }

  /** What is followed now: nothing goes to a candidate that was taken back. */
  public RolloutPlan plan() {
    return returned == null ? plan : plan.withoutCandidate();
  }

  /** Why the candidate was taken back; null if it was not. */
  public @Nullable String returnedBecause() {
    Regression regression = returned;
    return regression == null ? null : regression.reason();
  }

  ArmOutcomes.Summary summary(Arm arm) {
    return outcomes(arm).summary();
  }

  ShadowReport shadows() {
    return shadows;
  }

  /** A request was given to the candidate too, or was to be. */
  public void shadowed(ShadowResult result, String requestId) {
    shadows.add(result, requestId);
    metrics.shadowed(plan.model(), result);
  }

  /** Refusals for want of room say nothing of a model. */
  void ended(Arm arm, int status, long nanos) {
    if (status == TOO_MANY_REQUESTS) {
      return;
    }
    boolean isFailure = status >= 400;
    long now = nanoClock.getAsLong();
    outcomes(arm).ended(isFailure, nanos, now);
    metrics.ended(plan.model(), arm, isFailure);
    if (arm == Arm.CANDIDATE && returned == null) {
      judge(now);
    }
  }

  private ArmOutcomes outcomes(Arm arm) {
    return switch (arm) {
      case STABLE -> stable;
      case CANDIDATE -> candidate;
    };
  }

  private void judge(long now) {
    synchronized (this) {
      if (now - judgedAt < JUDGED_EVERY) {
        return;
      }
      judgedAt = now;
    }
    Regression regression = rule.judge(stable.summary(), candidate.summary());
    if (regression != null) {
      takeBack(regression);
    }
  }

  private void takeBack(Regression regression) {
    synchronized (this) {
      if (returned != null) {
        return;
      }
      returned = regression;
    }
    metrics.returned(plan.model(), regression.kind());
    LOGGER.warn(
        "model '{}': candidate '{}' is taken back, '{}' answers all: {}",
        plan.model(),
        plan.candidate(),
        plan.stable(),
        regression.reason());
  }
}
