package io.onnxfleet.gateway.aggregate;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.fleet.Replica;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.http.client.HttpClient;

/**
 * Asks many replicas the same and waits for all of them, each no longer than a timeout. Never
 * fails: a replica that does not answer is an answer of its own. At most 32 replicas are asked at a
 * time, and at most 16 MiB taken from each.
 */
final class ReplicaQueries {

  private static final int ASKED_AT_ONCE = 32;
  private static final int MOST_BYTES = 16 * 1024 * 1024;

  private final HttpClient http;

  ReplicaQueries(HttpClient http) {
    this.http = http;
  }

  /** The answers, in the order of the replicas' ids. */
  Mono<List<ReplicaAnswer>> askAll(
      Collection<Replica> replicas, Question question, RequestTrace trace) {
    return Flux.fromIterable(replicas)
        .flatMap(replica -> ask(replica, question, trace), ASKED_AT_ONCE)
        .collectSortedList(Comparator.comparing(ReplicaAnswer::replica));
  }

  private Mono<ReplicaAnswer> ask(Replica replica, Question question, RequestTrace trace) {
    return http.headers(
            headers -> {
              headers.set(HeaderNames.REQUEST_ID, trace.requestId());
              headers.set(HeaderNames.TRACE_PARENT, trace.traceparent());
              if (question.body().length > 0) {
                headers.set(HttpHeaderNames.CONTENT_LENGTH, question.body().length);
              }
            })
        .request(question.method())
        .uri(URI.create(replica.baseUri() + question.path()))
        .send(
            (request, outbound) ->
                question.body().length == 0
                    ? Mono.empty()
                    : outbound.send(
                        Mono.fromSupplier(() -> Unpooled.wrappedBuffer(question.body()))))
        .response(
            (answer, content) ->
                bytes(content)
                    .map(body -> new ReplicaAnswer(replica.id(), answer.status().code(), body)))
        .single()
        .timeout(question.timeout())
        .onErrorResume(failure -> Mono.just(ReplicaAnswer.none(replica.id(), failure)));
  }

  private static Mono<byte[]> bytes(ByteBufFlux content) {
    return content
        .asByteArray()
        .collect(
            ByteArrayOutputStream::new,
            (all, piece) -> {
              if (all.size() + piece.length > MOST_BYTES) {
                throw new IllegalStateException(
                    "answer: more than " + MOST_BYTES + " bytes (expected: fewer)");
              }
              all.writeBytes(piece);
            })
        .map(ByteArrayOutputStream::toByteArray);
  }

  /** What every replica is asked. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Question(HttpMethod method, String path, byte[] body, Duration timeout) {}
}
