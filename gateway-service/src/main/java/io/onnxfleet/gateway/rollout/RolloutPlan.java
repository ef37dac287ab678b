package io.onnxfleet.gateway.rollout;

import io.onnxfleet.gateway.fleet.ModelReference;

/**
 * Which of two answers the requests for a model.
 *
 * @param model as callers name it, without a version
 * @param stable who answers unless the candidate does: a version of the model, or {@code
 *     name[:version]}
 * @param candidate the same of what is to be tried
 * @param weight of the requests that the candidate answers; 0 to 1
 * @param shadow of the requests that the stable one answers, those that the candidate is given too;
 *     0 to 1. Its answers are compared and thrown away
 */
public record RolloutPlan(
    String model, String stable, String candidate, double weight, double shadow) {

  public RolloutPlan {
    requireText("model", model);
    requireText("stable", stable);
    requireText("candidate", candidate);
    requireShare("weight", weight);
    requireShare("shadow", shadow);
    if (reference(model, stable).equals(reference(model, candidate))) {
      throw new IllegalArgumentException(
          "candidate: '" + candidate + "' (expected: other than stable, '" + stable + "')");
    }
  }

  public ModelReference stableModel() {
    return reference(model, stable);
  }

  public ModelReference candidateModel() {
    return reference(model, candidate);
  }

  RolloutPlan withoutCandidate() {
    return new RolloutPlan(model, stable, candidate, 0, 0);
  }

  private static ModelReference reference(String model, String text) {
    if (text.chars().allMatch(Character::isDigit)) {
      return new ModelReference(model, text);
    }
    int colon = text.lastIndexOf(':');
    return colon < 0
        ? new ModelReference(text, null)
        : new ModelReference(text.substring(0, colon), text.substring(colon + 1));
  }

  private static void requireText(String key, String value) {
    if (value.isBlank()) {
      throw new IllegalArgumentException(key + ": '" + value + "' (expected: not empty)");
    }
  }

  private static void requireShare(String key, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(key + ": " + value + " (expected: 0 to 1)");
    }
  }
}
