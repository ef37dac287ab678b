package io.onnxfleet.gateway.forwarding;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.ReplicaRequest;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.InferenceAnswer;
import io.onnxfleet.gateway.rollout.ShadowResult;
import io.onnxfleet.gateway.suspect.RunRequest;
import io.onnxfleet.gateway.suspect.Suspects;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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
  private static final String CONTENT_ENCODING = "Content-Encoding";
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final HttpClient http;
  private final ReplicaLoadBalancer balancer;
  private final InFlightRequests inFlight;
  private final EjectedReplicas ejected;
  private final Suspects suspects;
  private final Function<Replica, Mono<Boolean>> life;
  private final AnswerComparison comparison;
  private final int mostOfAnswer;
  private final Semaphore places;

  /**
   * Asks nobody yet.
   *
   * @param life whether a replica answers at all
   * @param mostOfAnswer bytes of an answer that is compared
   * @param atOnce requests at candidates
   */
  Shadows(
      HttpClient http,
      ReplicaLoadBalancer balancer,
      InFlightRequests inFlight,
      EjectedReplicas ejected,
      Suspects suspects,
      Function<Replica, Mono<Boolean>> life,
      AnswerComparison comparison,
      int mostOfAnswer,
      int atOnce) {
    this.http = http;
    this.balancer = balancer;
    this.inFlight = inFlight;
    this.ejected = ejected;
    this.suspects = suspects;
    this.life = life;
    this.comparison = comparison;
    this.mostOfAnswer = mostOfAnswer;
    this.places = new Semaphore(atOnce);
  }

  /** Asks, compares and tells, in its own time. */
  void run(ShadowRequest request, InferenceAnswer expected, Consumer<ShadowResult> told) {
    RunRequest run = run(request);
    Replica replica = choose(run);
    Suspects.Hold hold = replica == null ? null : suspects.hold(replica, run);
    if (replica == null || hold == null || !places.tryAcquire()) {
      if (hold != null) {
        hold.close();
      }
      told.accept(new ShadowResult.Skipped());
      return;
    }
    var _ =
        Mono.using(
                () -> inFlight.begin(replica.id()),
                lease -> ask(replica, request, run, expected),
                InFlightRequests.Lease::close)
            .timeout(LONGEST)
            .onErrorResume(failure -> Mono.just(new ShadowResult.Failed(failure.toString())))
            // Before it is told, so that whoever waits for that finds the place free.
            .doOnTerminate(
                () -> {
                  hold.close();
                  places.release();
                })
            .subscribe(told);
  }

  private static RunRequest run(ShadowRequest request) {
    byte[] body = request.body().bytes();
    boolean isEncoded =
        request.headers().keySet().stream().anyMatch(CONTENT_ENCODING::equalsIgnoreCase);
    return new RunRequest(request.model(), body.length, isEncoded, body);
  }

  /** A copy goes where any other request may go, and otherwise nowhere. */
  private @Nullable Replica choose(RunRequest run) {
    ReplicaRequest wanted = new ReplicaRequest(run.model(), Set.of());
    Replica replica = balancer.hasRoom(wanted) ? balancer.choose(wanted) : null;
    return replica != null && suspects.passage(replica, run, Set.of()).isOpen() ? replica : null;
  }

  private Mono<ShadowResult> ask(
      Replica replica, ShadowRequest request, RunRequest run, InferenceAnswer expected) {
    byte[] body = request.body().bytes();
    AtomicBoolean exposed = new AtomicBoolean();
    return http.headers(
            headers -> {
              request.headers().forEach(headers::set);
              headers.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
              headers.set(HeaderNames.REQUEST_ID, request.requestId());
            })
        .post()
        .uri(
            URI.create(
                replica.baseUri()
                    + ApiCall.INFER.path(request.model().name(), request.model().version())))
        .send(
            (asked, outbound) -> {
              exposed.set(true);
              return outbound.send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(body)));
            })
        .response(
            (answer, content) -> {
              exposed.set(false);
              suspects.answered(replica, run, answer.status().code() == OK);
              return bytes(content).map(bytes -> new Received(answer, bytes));
            })
        .single()
        .onErrorResume(
            failure -> exposed.get() ? broken(replica, run, failure) : Mono.error(failure))
        .publishOn(Schedulers.parallel())
        .map(received -> judged(received, expected));
  }

  /** The replica broke it off: unless it lives, the copy may be why. */
  private Mono<Received> broken(Replica replica, RunRequest run, Throwable failure) {
    return life.apply(replica)
        .flatMap(
            lives -> {
              if (!lives) {
                ejected.eject(replica.id());
                suspects.died(replica, run);
              }
              return Mono.error(failure);
            });
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
            headers.get(HeaderNames.HEADER_LENGTH),
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
