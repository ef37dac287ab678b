package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.cache.RecordedResponse;
import io.onnxfleet.gateway.observability.RequestTrace;
import io.onnxfleet.gateway.rollout.Assignment;
import io.onnxfleet.gateway.rollout.InferenceAnswer;
import io.onnxfleet.gateway.rollout.Rollout;
import io.onnxfleet.gateway.rollout.ShadowResult;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Forwards the requests of models that are being rolled out: tells the rollout how each ended, and
 * gives some to the candidate too once their callers have been answered. Safe for use by many
 * threads.
 */
final class Trials {

  private static final int OK = 200;

  private final Forwarding forwarding;
  private final Shadows shadows;
  private final int mostOfAnswer;
  private final LongSupplier nanoClock;

  Trials(Forwarding forwarding, Shadows shadows, int mostOfAnswer, LongSupplier nanoClock) {
    this.forwarding = forwarding;
    this.shadows = shadows;
    this.mostOfAnswer = mostOfAnswer;
    this.nanoClock = nanoClock;
  }

  Mono<Void> forward(ServerWebExchange exchange, Destination to, RequestBody body, Deadline until) {
    Assignment assignment = to.assignment();
    if (assignment == null) {
      return forwarding.forward(exchange, to.model(), body, until);
    }
    long start = nanoClock.getAsLong();
    ServerHttpResponse response = exchange.getResponse();
    response.beforeCommit(
        () -> {
          assignment.ended(status(response), nanoClock.getAsLong() - start);
          return Mono.empty();
        });
    return assignment.isShadowed()
        ? shadowed(exchange, to, assignment.rollout(), body, until)
        : forwarding.forward(exchange, to.model(), body, until);
  }

  private Mono<Void> shadowed(
      ServerWebExchange exchange,
      Destination to,
      Rollout rollout,
      RequestBody body,
      Deadline until) {
    String requestId = RequestTrace.of(exchange).requestId();
    if (!(body instanceof RequestBody.Kept kept)) {
      rollout.shadowed(new ShadowResult.Uncompared("the body is too large to keep"), requestId);
      return forwarding.forward(exchange, to.model(), body, until);
    }
    ShadowRequest copy =
        ShadowRequest.of(
            exchange.getRequest().getHeaders(), kept, rollout.plan().candidateModel(), requestId);
    ServerHttpResponse recorded =
        new RecordedResponse(
            exchange.getResponse(),
            mostOfAnswer,
            new RecordedResponse.Listener() {
              @Override
              public void begins(HttpHeaders headers) {
                // Nothing is said to the caller.
              }

              @Override
              public void arrived(byte @Nullable [] answer, HttpHeaders headers) {
                compare(rollout, copy, answer, headers);
              }
            });
    return forwarding.forward(
        exchange.mutate().response(recorded).build(), to.model(), body, until);
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

  private static int status(ServerHttpResponse response) {
    HttpStatusCode status = response.getStatusCode();
    return status == null ? OK : status.value();
  }
}
