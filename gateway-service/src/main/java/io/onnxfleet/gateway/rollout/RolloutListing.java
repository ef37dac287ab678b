package io.onnxfleet.gateway.rollout;

import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Rollouts as administrators see them. Stateless. */
public final class RolloutListing {

  private RolloutListing() {}

  /**
   * The rollouts of some models.
   *
   * @param seen which ones
   */
  public static ArrayNode of(Rollouts rollouts, Predicate<String> seen) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (Rollout rollout : rollouts.all()) {
      if (seen.test(rollout.plan().model())) {
        describe(rollout, list.addObject());
      }
    }
    return list;
  }

  private static void describe(Rollout rollout, ObjectNode node) {
    RolloutPlan plan = rollout.plan();
    String reason = rollout.returnedBecause();
    node.put("model", plan.model())
        .put("stable", plan.stable())
        .put("candidate", plan.candidate())
        .put("weight", plan.weight())
        .put("shadow", plan.shadow())
        .put("state", reason == null ? "RUNNING" : "RETURNED")
        .put("reason", reason == null ? "" : reason);
    for (Arm arm : Arm.values()) {
      ArmOutcomes.Summary summary = rollout.summary(arm);
      node.putObject(arm.tag() + "_outcomes")
          .put("requests", Math.round(summary.requests()))
          .put("failed_share", rounded(summary.failedShare()))
          .put("p95_ms", rounded(summary.p95Nanos() / 1e6));
    }
    ShadowReport.Summary shadows = rollout.shadows().summary();
    ObjectNode report = node.putObject("shadows");
    for (Map.Entry<String, Long> count : shadows.counts().entrySet()) {
      report.put(count.getKey(), count.getValue());
    }
    report.put("largest_difference", shadows.largestDifference());
    ArrayNode examples = report.putArray("examples");
    for (ShadowReport.Example example : shadows.examples()) {
      examples.addObject().put("request", example.requestId()).put("what", example.what());
    }
  }

  private static double rounded(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.4f", value));
  }
}
