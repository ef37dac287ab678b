package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.rollout.Assignment;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * Which model a request goes to.
 *
 * @param exchange as the replica is to see it
 * @param isChosen whether the fleet chose the model, not the caller
 * @param assignment of a model that is being rolled out
 */
record Destination(
    ServerWebExchange exchange,
    ModelReference model,
    boolean isChosen,
    @Nullable Assignment assignment) {

  /** Answers to a chosen model name it, so that they are not those to the model itself. */
  String operation(String name) {
    return isChosen ? name + "/chosen" : name;
  }
}
