package io.onnxfleet.gateway.steps;

import java.util.List;
import reactor.core.publisher.Mono;

/** One thing that is done for a call: answers or refuses it, or has the next step go on with it. */
interface Step {

  /** What comes after a step. */
  interface Next {
    Mono<Void> take(ModelCall call);
  }

  Mono<Void> take(ModelCall call, Next next);

  /** The steps, one after another; put together once, so that a call costs nothing for it. */
  static Next inOrder(List<Step> steps) {
    Next chain = call -> Mono.error(new IllegalStateException("no step has answered"));
    for (Step step : steps.reversed()) {
      Next next = chain;
      chain = call -> step.take(call, next);
    }
    return chain;
  }
}
