package io.onnxfleet.gateway.forwarding;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.RecordedAnswer;
import io.onnxfleet.gateway.rollout.Assignment;
import io.onnxfleet.gateway.rollout.InferenceAnswer;
import io.onnxfleet.gateway.rollout.Rollout;
import io.onnxfleet.gateway.rollout.ShadowResult;
import io.onnxfleet.gateway.routing.Destination;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Forwards calls. Of models that are being rolled out it tells the rollout how each ended, and
 * gives some to the candidate too once their callers have been answered. Safe for use by many
 * threads.
 */
public final class RolloutForwarding {

  private final Forwarding forwarding;
  private final Shadows shadows;
  private final int mostOfAnswer;
  private final LongSupplier nanoClock;

  RolloutForwarding(
      Forwarding forwarding, Shadows shadows, int mostOfAnswer, LongSupplier nanoClock) {
    this.forwarding = forwarding;
    this.shadows = shadows;
    this.mostOfAnswer = mostOfAnswer;
    this.nanoClock = nanoClock;
  }

  /** Forwards when subscribed to; completes when the client has the whole answer. */
  public Mono<Void> forward(Destination to, RequestBody body) {
    Call call = to.call();
    Assignment assignment = to.assignment();
    if (assignment == null) {
      return forwarding.forward(call, to.model(), body);
    }
    long start = nanoClock.getAsLong();
    Answer answer = call.answer();
    answer.onBegin(() -> assignment.ended(answer.status(), nanoClock.getAsLong() - start));
    return assignment.isShadowed()
        ? shadowed(to, assignment.rollout(), body)
        : forwarding.forward(call, to.model(), body);
  }

  private Mono<Void> shadowed(Destination to, Rollout rollout, RequestBody body) {
    Call call = to.call();
    String requestId = call.trace().requestId();
    if (!(body instanceof RequestBody.Kept kept)) {
      rollout.shadowed(new ShadowResult.Uncompared("the body is too large to keep"), requestId);
      return forwarding.forward(call, to.model(), body);
    }
    ShadowRequest copy =
        ShadowRequest.of(call.head().headers(), kept, rollout.plan().candidateModel(), requestId);
    Answer recorded =
        new RecordedAnswer(
            call.answer(),
            mostOfAnswer,
            new RecordedAnswer.Listener() {
              @Override
              public void begins(HttpHeaders headers) {
                // Nothing is said to the caller.
              }

              @Override
              public void arrived(byte @Nullable [] answer, HttpHeaders headers) {
                compare(rollout, copy, answer, headers);
              }
            });
    return forwarding.forward(call.answeredBy(recorded), to.model(), body);
  }

  private void compare(
      Rollout rollout, ShadowRequest copy, byte @Nullable [] answer, HttpHeaders headers) {
    if (answer == null) {
      rollout.shadowed(
          new ShadowResult.Uncompared("no answer of 200 that is small enough"), copy.requestId());
      return;
    }
    shadows.run(
        copy,
        new InferenceAnswer(
            answer,
            headers.getFirst(HeaderNames.HEADER_LENGTH),
            headers.getFirst(HttpHeaders.CONTENT_ENCODING)),
        result -> rollout.shadowed(result, copy.requestId()));
  }
}
