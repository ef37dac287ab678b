package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.RequestContent;
import io.onnxfleet.gateway.admission.RequestProgress;
import java.util.function.Function;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import reactor.core.publisher.Mono;

/**
 * Lends the bodies of requests: kept where they are small enough to be sent again, streamed
 * otherwise, refused above the gateway's bound. What a body holds is given back when its use ends,
 * however it ends. Safe for use by many threads.
 */
final class RequestBodies {

  private final ByteBudget budget;
  private final long most;
  private final long replayLimit;

  RequestBodies(ByteBudget budget, AdmissionProperties admission, RoutingProperties routing) {
    this.budget = budget;
    this.most = admission.maxBodySize().toBytes();
    this.replayLimit = Math.min(most, routing.replayLimit().toBytes());
  }

  /** Uses the body; a large one is not read before it is sent on. */
  Mono<Void> use(ServerHttpRequest request, Function<RequestBody, Mono<Void>> use) {
    return use(request, new BodyLimits(replayLimit, replayLimit, most, false), use);
  }

  /** Uses the body when all of it is in memory, whatever its size up to what there is room for. */
  Mono<Void> useKept(ServerHttpRequest request, Function<RequestBody, Mono<Void>> use) {
    long room = Math.min(most, budget.mostOfOne());
    return use(request, new BodyLimits(replayLimit, room, room, true), use);
  }

  private Mono<Void> use(
      ServerHttpRequest request, BodyLimits limits, Function<RequestBody, Mono<Void>> use) {
    HttpHeaders headers = request.getHeaders();
    long declared = headers.getContentLength();
    boolean chunked = declared < 0 && headers.getFirst(HttpHeaders.TRANSFER_ENCODING) != null;
    if (declared <= 0 && !chunked) {
      return use.apply(RequestBody.Kept.EMPTY);
    }
    if (declared > limits.most()) {
      return Mono.error(limits.tooLarge(declared));
    }
    if (declared > limits.keep()) {
      return use.apply(
          new RequestBody.Streamed(
              RequestContent.pieces(request).onErrorMap(error -> limits.brokenOff(error, 0)),
              declared));
    }
    return Mono.using(
        () -> new BodyCollector(limits, budget, declared, () -> RequestProgress.failureOf(request)),
        collector -> collector.collect(request.getBody()).flatMap(use),
        BodyCollector::release);
  }
}
