package io.onnxfleet.gateway.rollout;

import io.onnxfleet.gateway.fleet.ModelReference;

/**
 * Which side answers one request.
 *
 * @param isShadowed whether the candidate is given the request too
 */
public record Assignment(Rollout rollout, Arm arm, ModelReference model, boolean isShadowed) {

  /** The answer began. */
  public void ended(int status, long nanos) {
    rollout.ended(arm, status, nanos);
  }
}
