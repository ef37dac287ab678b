package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.rollout.Assignment;
import org.jspecify.annotations.Nullable;

/**
 * Which model a call goes to.
 *
 * @param call as the replica is to see it
 * @param isChosen whether the fleet chose the model, not the caller
 * @param assignment of a model that is being rolled out
 */
public record Destination(
    Call call, ModelReference model, boolean isChosen, @Nullable Assignment assignment) {

  /** The same, answered there. */
  public Destination answeredBy(Answer answer) {
    return new Destination(call.answeredBy(answer), model, isChosen, assignment);
  }

  /** Answers to a chosen model name it, so that they are not those to the model itself. */
  public String operation(String name) {
    return isChosen ? name + "/chosen" : name;
  }
}
