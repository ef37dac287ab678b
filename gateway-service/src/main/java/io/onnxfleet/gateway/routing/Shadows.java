package io.onnxfleet.gateway.routing;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.onnxfleet.gateway.balancing.InFlightRequests;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.ReplicaRequest;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.observability.HeaderNames;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.InferenceAnswer;
import io.onnxfleet.gateway.rollout.ShadowResult;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.ByteBufFlux;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * Asks candidates what their predecessors have answered already. Nobody waits for it: no more than
 * a bound at a time, once each, and none while no replica has room. Safe for use by many threads.
 */
final class Shadows {

  private static final int OK = 200;
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final HttpClient http;
  private final ReplicaLoadBalancer balancer;
  private final InFlightRequests inFlight;
  private final AnswerComparison comparison;
  private final int mostOfAnswer;
  private final Semaphore places;

  Shadows(
      HttpClient http,
      ReplicaLoadBalancer balancer,
      InFlightRequests inFlight,
      AnswerComparison comparison,
      int mostOfAnswer,
      int atOnce) {
    this.http = http;
    this.balancer = balancer;
    this.inFlight = inFlight;
    this.comparison = comparison;
    this.mostOfAnswer = mostOfAnswer;
    this.places = new Semaphore(atOnce);
  }

  /** Asks, compares and tells, in its own time. */
  void run(ShadowRequest request, InferenceAnswer expected, Consumer<ShadowResult> told) {
    ReplicaRequest wanted = new ReplicaRequest(request.model(), Set.of());
    Replica replica = balancer.hasRoom(wanted) ? balancer.choose(wanted) : null;
    if (replica == null || !places.tryAcquire()) {
      told.accept(new ShadowResult.Skipped());
      return;
    }
    var _ =
        Mono.using(
                () -> inFlight.begin(replica.id()),
                lease -> ask(replica, request, expected),
                InFlightRequests.Lease::close)
            .timeout(LONGEST)
            .onErrorResume(failure -> Mono.just(new ShadowResult.Failed(failure.toString())))
            .doFinally(signal -> places.release())
            .subscribe(told);
  }

  private Mono<ShadowResult> ask(Replica replica, ShadowRequest request, InferenceAnswer expected) {
    byte[] body = request.body().bytes();
    return http.headers(
            headers -> {
              request.headers().forEach(headers::set);
              headers.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
              headers.set(HeaderNames.REQUEST_ID, request.requestId());
            })
        .post()
        .uri(URI.create(replica.baseUri() + Destinations.inferPath(request.model())))
        .send(
            (asked, outbound) ->
                outbound.send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(body))))
        .response((answer, content) -> bytes(content).map(bytes -> new Received(answer, bytes)))
        .single()
        .publishOn(Schedulers.parallel())
        .map(received -> judged(received, expected));
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Received(HttpClientResponse answer, byte[] body) {}

  private ShadowResult judged(Received received, InferenceAnswer expected) {
    int status = received.answer.status().code();
    if (status != OK) {
      return new ShadowResult.Failed("status " + status);
    }
    io.netty.handler.codec.http.HttpHeaders headers = received.answer.responseHeaders();
    return comparison.compare(
        expected,
        new InferenceAnswer(
            received.body,
            headers.get("Inference-Header-Content-Length"),
            headers.get(HttpHeaderNames.CONTENT_ENCODING)));
  }

  private Mono<byte[]> bytes(ByteBufFlux content) {
    return content
        .asByteArray()
        .collect(
            ByteArrayOutputStream::new,
            (all, piece) -> {
              if (all.size() + piece.length > mostOfAnswer) {
                throw new IllegalStateException(
                    "answer: more than " + mostOfAnswer + " bytes (expected: fewer)");
              }
              all.writeBytes(piece);
            })
        .map(ByteArrayOutputStream::toByteArray);
  }
}
