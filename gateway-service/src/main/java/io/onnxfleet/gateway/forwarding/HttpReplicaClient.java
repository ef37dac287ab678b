package io.onnxfleet.gateway.forwarding;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AttributeKey;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.CallerName;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.contract.fleet.Priority;
import io.onnxfleet.contract.fleet.TimeLeft;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.CallHead;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;
import reactor.netty.http.client.HttpClientResponse;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquirePendingLimitException;

/**
 * Sends calls over HTTP. Headers and pieces of a body are passed without being looked at.
 * Cancelling closes the connection to the replica. Safe for use by many threads; never blocks.
 */
final class HttpReplicaClient implements ReplicaClient {

  private static final AttributeKey<Boolean> USED =
      AttributeKey.valueOf(HttpReplicaClient.class, "used");
  private static final int UNAUTHORIZED = 401;
  private static final int SERVICE_UNAVAILABLE = 503;
  private static final int TOO_MANY_REQUESTS = 429;

  private final HttpClient http;

  HttpReplicaClient(HttpClient http) {
    this.http = http;
  }

  @Override
  public Mono<Void> send(
      Replica replica, Call call, RequestBody body, Duration remaining, AnswerGate gate) {
    return Mono.defer(() -> new Try(replica, call, body, remaining, gate).run(http));
  }

  /** One try; its fields are touched by one connection's event loop. */
  private static final class Try {

    private final Replica replica;
    private final Call call;
    private final RequestBody body;
    private final Duration remaining;
    private final AnswerGate gate;
    private volatile boolean begun;
    private volatile boolean reused;
    private volatile boolean answered;
    private volatile boolean answerBroke;
    private volatile @Nullable Throwable clientFailure;

    Try(Replica replica, Call call, RequestBody body, Duration remaining, AnswerGate gate) {
      this.gate = gate;
      this.replica = replica;
      this.call = call;
      this.body = body;
      this.remaining = remaining;
    }

    Mono<Void> run(HttpClient http) {
      CallHead head = call.head();
      String query = head.query();
      URI target =
          URI.create(
              replica.baseUri()
                  + ApiPaths.withoutSlashAtEnd(head.path())
                  + (query == null ? "" : "?" + query));
      return http.request(HttpMethod.valueOf(head.method()))
          .uri(target)
          .send(this::write)
          .response(this::receive)
          .then()
          .onErrorMap(this::failure);
    }

    private Publisher<Void> write(HttpClientRequest request, NettyOutbound outbound) {
      begun = true;
      outbound.withConnection(connection -> reused = markUsed(connection.channel()));
      HttpHeaders headers = request.requestHeaders();
      ForwardedHeaders.copyRequest(call.head().received(), headers);
      RequestTrace trace = call.trace();
      headers.set(HeaderNames.REQUEST_ID, trace.requestId());
      headers.set(HeaderNames.TRACE_PARENT, trace.traceparent());
      String caller = trace.caller();
      if (caller != null) {
        headers.set(HeaderNames.CALLER, CallerName.write(caller));
      }
      headers.set(HeaderNames.PRIORITY, Priority.write(trace.priority()));
      String variant = trace.variant();
      if (variant != null) {
        headers.set(HeaderNames.VARIANT, variant);
      }
      String version = trace.variantVersion();
      if (version != null) {
        headers.set(HeaderNames.VARIANT_VERSION, version);
      }
      headers.set(HeaderNames.DEADLINE_MILLIS, TimeLeft.write(remaining));
      return switch (body) {
        case RequestBody.Kept kept -> {
          if (kept.bytes().length == 0) {
            yield Mono.empty();
          }
          headers.set(HttpHeaderNames.CONTENT_LENGTH, kept.bytes().length);
          yield outbound.send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(kept.bytes())));
        }
        case RequestBody.Held held -> {
          headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(held.length()));
          yield outbound.send(Flux.fromIterable(held.pieces()).map(Unpooled::wrappedBuffer));
        }
        case RequestBody.Streamed streamed -> {
          if (streamed.length() >= 0) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(streamed.length()));
          }
          yield outbound.send(
              streamed
                  .content()
                  .doOnError(error -> clientFailure = error)
                  .map(NettyDataBufferFactory::toByteBuf));
        }
      };
    }

    private Publisher<Void> receive(HttpClientResponse answer, ByteBufFlux content) {
      HttpHeaders headers = answer.responseHeaders();
      int status = answer.status().code();
      LoadReport report = LoadReport.parse(headers.get(HeaderNames.LOAD_METRICS));
      if (report != null) {
        gate.reported(report);
      }
      if (status == SERVICE_UNAVAILABLE
          && body.isReplayable()
          && headers.contains(HeaderNames.REPLICA_STATE, HeaderNames.DRAINING, true)) {
        return Mono.error(
            new ReplicaFailure(ReplicaFailure.Reason.DRAINING, replica.id() + " is draining"));
      }
      if (status == UNAUTHORIZED
          && headers.contains(HeaderNames.REPLICA_STATE, HeaderNames.CLOSED, true)) {
        return Mono.error(
            new ReplicaFailure(
                ReplicaFailure.Reason.CLOSED,
                replica.id()
                    + " refuses this gateway (expected: the same fleet.secret and authority of"
                    + " certificates, and clocks that agree)"));
      }
      boolean refused = status == TOO_MANY_REQUESTS || status == SERVICE_UNAVAILABLE;
      if (refused && body.isReplayable() && gate.goesElsewhere(status)) {
        return Mono.error(
            new ReplicaFailure(ReplicaFailure.Reason.FULL, replica.id() + ": status " + status));
      }
      if (!gate.claims(status)) {
        return Mono.error(
            new ReplicaFailure(ReplicaFailure.Reason.LATE, replica.id() + " was not the first"));
      }
      answered = true;
      Answer to = call.answer();
      ForwardedHeaders.copyResponse(headers, to.sent());
      to.status(status);
      return to.write(content.retain().doOnError(error -> answerBroke = true));
    }

    private Throwable failure(Throwable error) {
      Throwable ofClient = clientFailure;
      if (error instanceof ReplicaFailure) {
        return error;
      }
      if (ofClient != null) {
        return ofClient;
      }
      if (!begun) {
        return isSaturation(error)
            ? failed(ReplicaFailure.Reason.SATURATED, error)
            : failed(ReplicaFailure.Reason.REFUSED, error);
      }
      if (!answered) {
        return failed(reused ? ReplicaFailure.Reason.STALE : ReplicaFailure.Reason.RESET, error);
      }
      if (answerBroke && !call.answer().isBegun()) {
        // Headers came and nothing after them; the client has heard nothing yet.
        takeBackHeaders();
        return failed(ReplicaFailure.Reason.CUT, error);
      }
      return error;
    }

    private void takeBackHeaders() {
      call.answer().sent().clear();
      call.answer().headers().set(HeaderNames.REQUEST_ID, call.trace().requestId());
    }

    private ReplicaFailure failed(ReplicaFailure.Reason reason, Throwable error) {
      return new ReplicaFailure(reason, replica.id() + ": " + error);
    }

    /** The pool's two ways to say that it is full, of which the first has no public name. */
    private static boolean isSaturation(Throwable error) {
      return error instanceof PoolAcquirePendingLimitException || error instanceof TimeoutException;
    }

    private static boolean markUsed(Channel channel) {
      return Boolean.TRUE.equals(channel.attr(USED).getAndSet(true));
    }
  }
}
