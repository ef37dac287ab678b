package io.onnxfleet.gateway.forwarding;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
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
import io.onnxfleet.gateway.client.Connections;
import io.onnxfleet.gateway.client.Exchange;
import io.onnxfleet.gateway.client.ReplicaConnection;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/**
 * Sends calls over HTTP. Headers and pieces of a body are passed without being looked at.
 * Cancelling closes the connection to the replica. Safe for use by many threads; never blocks.
 */
final class HttpReplicaClient implements ReplicaClient {

  private static final int UNAUTHORIZED = 401;
  private static final int SERVICE_UNAVAILABLE = 503;
  private static final int TOO_MANY_REQUESTS = 429;

  /** Pieces of an answer that are held for a client that reads slowly, before no more is read. */
  private static final int MOST_PIECES = 8;

  /** Signs what is about to be sent. */
  interface Signer {
    void sign(HttpHeaders headers, String method, String authority, String uri);
  }

  private final Connections connections;
  private final Signer signer;

  HttpReplicaClient(Connections connections, Signer signer) {
    this.connections = connections;
    this.signer = signer;
  }

  @Override
  public Mono<Void> send(
      Replica replica, Call call, RequestBody body, Duration remaining, AnswerGate gate) {
    return Mono.create(sink -> new Try(replica, call, body, remaining, gate, sink).start());
  }

  /** One try; but for {@link #cancelled} its fields are touched by its connection's loop only. */
  private final class Try implements Exchange {

    private final Replica replica;
    private final Call call;
    private final RequestBody body;
    private final Duration remaining;
    private final AnswerGate gate;
    private final MonoSink<Void> sink;
    private volatile boolean cancelled;
    private volatile @Nullable ReplicaConnection connection;

    /** Nothing more is to be said: the end was told, or nobody waits for it. */
    private boolean over;

    private boolean begun;
    private boolean answered;
    private @Nullable Content content;

    /** Of the answer, as long as the client was told nothing. */
    private final ArrayDeque<ByteBuf> early = new ArrayDeque<>(2);

    private @Nullable HttpHeaders headers;
    private int status;

    /** What stood in the client's answer before this one's headers did; null while they do not. */
    private @Nullable HttpHeaders before;

    /** The same later on. */
    private @Nullable Pieces pieces;

    private @Nullable Disposable writing;

    Try(
        Replica replica,
        Call call,
        RequestBody body,
        Duration remaining,
        AnswerGate gate,
        MonoSink<Void> sink) {
      this.gate = gate;
      this.replica = replica;
      this.call = call;
      this.body = body;
      this.remaining = remaining;
      this.sink = sink;
    }

    void start() {
      sink.onCancel(this::cancel);
      connections.lend(replica, this);
    }

    private void cancel() {
      cancelled = true;
      ReplicaConnection used = connection;
      if (used == null) {
        connections.forget(replica, this);
      } else {
        used.onLoop(this::giveUp);
      }
    }

    /** Nobody waits any more; what is under way is closed. */
    private void giveUp() {
      over = true;
      ReplicaConnection used = connection;
      if (used != null) {
        used.abort(this);
      }
      Content sending = content;
      if (sending != null) {
        sending.dispose();
      }
      Disposable sent = writing;
      if (sent != null) {
        sent.dispose();
      }
      Pieces flowing = pieces;
      if (flowing != null) {
        flowing.discard();
      }
      early.forEach(ByteBuf::release);
      early.clear();
    }

    private void fail(Throwable failure) {
      if (!over) {
        giveUp();
        tell(failure);
      }
    }

    private void tell(Throwable failure) {
      if (!cancelled) {
        sink.error(failure);
      }
    }

    // ------------------------------------------------------------ the request

    @Override
    public boolean begins(ReplicaConnection lent) {
      connection = lent;
      if (cancelled) {
        return false;
      }
      begun = true;
      try {
        write(lent);
      } catch (RuntimeException unsendable) {
        fail(unsendable);
      }
      return true;
    }

    private void write(ReplicaConnection to) {
      CallHead head = call.head();
      String query = head.query();
      String path = ApiPaths.withoutSlashAtEnd(head.path());
      String uri = query == null ? path : path + "?" + query;
      HttpMethod method = HttpMethod.valueOf(head.method());
      HttpHeaders sent = DefaultHttpHeadersFactory.headersFactory().newHeaders();
      String authority = replica.authority();
      sent.set(HttpHeaderNames.HOST, authority);
      signer.sign(sent, head.method(), authority, uri);
      ForwardedHeaders.copyRequest(head.received(), sent);
      describe(sent);
      switch (body) {
        case RequestBody.Kept kept -> {
          if (kept.bytes().length > 0 || HttpMethod.POST.equals(method)) {
            sent.set(HttpHeaderNames.CONTENT_LENGTH, Integer.toString(kept.bytes().length));
          }
          to.finish(
              new DefaultFullHttpRequest(
                  HttpVersion.HTTP_1_1,
                  method,
                  uri,
                  Unpooled.wrappedBuffer(kept.bytes()),
                  sent,
                  EmptyHttpHeaders.INSTANCE));
        }
        case RequestBody.Held held -> {
          sent.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(held.length()));
          to.write(new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, uri, sent));
          Content pushed = new Content(to);
          content = pushed;
          Flux.fromIterable(held.pieces()).map(Unpooled::wrappedBuffer).subscribe(pushed);
        }
        case RequestBody.Streamed streamed -> {
          if (streamed.length() >= 0) {
            sent.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(streamed.length()));
          } else {
            sent.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
          }
          to.write(new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, uri, sent));
          Content pushed = new Content(to);
          content = pushed;
          streamed.content().map(NettyDataBufferFactory::toByteBuf).subscribe(pushed);
        }
      }
    }

    /** What the gateway tells the replica of the call. */
    private void describe(HttpHeaders sent) {
      RequestTrace trace = call.trace();
      sent.set(HeaderNames.REQUEST_ID, trace.requestId());
      sent.set(HeaderNames.TRACE_PARENT, trace.traceparent());
      String caller = trace.caller();
      if (caller != null) {
        sent.set(HeaderNames.CALLER, CallerName.write(caller));
      }
      sent.set(HeaderNames.PRIORITY, Priority.write(trace.priority()));
      String variant = trace.variant();
      if (variant != null) {
        sent.set(HeaderNames.VARIANT, variant);
      }
      String version = trace.variantVersion();
      if (version != null) {
        sent.set(HeaderNames.VARIANT_VERSION, version);
      }
      sent.set(HeaderNames.DEADLINE_MILLIS, TimeLeft.write(remaining));
    }

    @Override
    public void writable() {
      Content sending = content;
      if (sending != null) {
        sending.more();
      }
    }

    /**
     * The body's pieces on their way to the replica: one at a time, and none while it reads none.
     */
    private final class Content extends BaseSubscriber<ByteBuf> {

      private final ReplicaConnection to;
      private boolean waits;

      Content(ReplicaConnection to) {
        this.to = to;
      }

      void more() {
        if (waits) {
          waits = false;
          request(1);
        }
      }

      @Override
      protected void hookOnSubscribe(Subscription subscription) {
        request(1);
      }

      @Override
      protected void hookOnNext(ByteBuf piece) {
        to.onLoop(
            () -> {
              if (over) {
                piece.release();
                return;
              }
              to.write(new DefaultHttpContent(piece));
              to.flush();
              waits = true;
              if (to.isWritable()) {
                more();
              }
            });
      }

      @Override
      protected void hookOnComplete() {
        to.onLoop(
            () -> {
              if (!over) {
                to.finish(LastHttpContent.EMPTY_LAST_CONTENT);
              }
            });
      }

      /** The client's own failure. */
      @Override
      protected void hookOnError(Throwable failure) {
        to.onLoop(() -> fail(failure));
      }
    }

    // ------------------------------------------------------------ the answer

    @Override
    public void head(HttpResponse head) {
      HttpHeaders received = head.headers();
      int code = head.status().code();
      LoadReport report = LoadReport.parse(received.get(HeaderNames.LOAD_METRICS));
      if (report != null) {
        gate.reported(report);
      }
      ReplicaFailure refusal = refusal(code, received);
      if (refusal != null) {
        fail(refusal);
        return;
      }
      answered = true;
      headers = received;
      status = code;
    }

    /** What keeps the answer from the client; null if it goes there. */
    private @Nullable ReplicaFailure refusal(int code, HttpHeaders received) {
      if (code == SERVICE_UNAVAILABLE
          && body.isReplayable()
          && received.contains(HeaderNames.REPLICA_STATE, HeaderNames.DRAINING, true)) {
        return new ReplicaFailure(ReplicaFailure.Reason.DRAINING, replica.id() + " is draining");
      }
      if (code == UNAUTHORIZED
          && received.contains(HeaderNames.REPLICA_STATE, HeaderNames.CLOSED, true)) {
        return new ReplicaFailure(
            ReplicaFailure.Reason.CLOSED,
            replica.id()
                + " refuses this gateway (expected: the same fleet.secret and authority of"
                + " certificates, and clocks that agree)");
      }
      boolean refused = code == TOO_MANY_REQUESTS || code == SERVICE_UNAVAILABLE;
      if (refused && body.isReplayable() && gate.goesElsewhere(code)) {
        return new ReplicaFailure(ReplicaFailure.Reason.FULL, replica.id() + ": status " + code);
      }
      return gate.claims(code)
          ? null
          : new ReplicaFailure(ReplicaFailure.Reason.LATE, replica.id() + " was not the first");
    }

    @Override
    public void content(ByteBuf piece) {
      Pieces flowing = pieces;
      if (over) {
        piece.release();
      } else if (flowing == null) {
        early.add(piece);
      } else {
        flowing.add(piece);
      }
    }

    /** More of the answer is to come: what is there goes on without it. */
    @Override
    public void pauses() {
      if (over || pieces != null || early.isEmpty()) {
        return;
      }
      Pieces flowing = new Pieces();
      pieces = flowing;
      early.forEach(flowing::add);
      early.clear();
      before = call.answer().sent().copy();
      answer(flowing.asFlux());
    }

    @Override
    public void ended() {
      Content sending = content;
      if (sending != null) {
        // What the replica did not want to hear is not sent.
        sending.dispose();
      }
      if (over) {
        return;
      }
      Pieces flowing = pieces;
      if (flowing != null) {
        flowing.complete();
      } else if (early.isEmpty()) {
        answer(Flux.empty());
      } else {
        answer(Mono.fromSupplier(this::takeEarly));
      }
    }

    private ByteBuf takeEarly() {
      ByteBuf all =
          early.size() == 1
              ? early.remove()
              : Unpooled.wrappedBuffer(early.toArray(ByteBuf[]::new));
      early.clear();
      return all;
    }

    private void answer(Publisher<ByteBuf> sent) {
      try {
        Answer to = call.answer();
        HttpHeaders received = headers;
        if (received != null) {
          ForwardedHeaders.copyResponse(received, to.sent());
        }
        to.status(status);
        writing =
            to.write(sent)
                .subscribe(
                    null, this::answerFailed, this::answerSent, Context.of(sink.contextView()));
      } catch (RuntimeException unanswerable) {
        fail(unanswerable);
      }
    }

    private void answerSent() {
      sink.success();
    }

    private void answerFailed(Throwable error) {
      ReplicaConnection used = connection;
      if (used != null) {
        used.onLoop(() -> fail(error));
      }
    }

    @Override
    public void failed(Throwable cause) {
      if (over) {
        return;
      }
      ReplicaConnection used = connection;
      Pieces flowing = pieces;
      if (!begun) {
        // It was closed when it was lent.
        fail(failure(ReplicaFailure.Reason.STALE, cause));
      } else if (!answered) {
        boolean isReused = used != null && used.isReused();
        fail(failure(isReused ? ReplicaFailure.Reason.STALE : ReplicaFailure.Reason.RESET, cause));
      } else if (flowing == null || !call.answer().isBegun()) {
        // Headers came and not much after them; the client has heard nothing yet.
        takeBackHeaders();
        fail(failure(ReplicaFailure.Reason.CUT, cause));
      } else {
        flowing.fail(cause);
      }
    }

    private void takeBackHeaders() {
      HttpHeaders others = before;
      if (others != null) {
        call.answer().sent().set(others);
      }
    }

    @Override
    public void refused(Throwable cause) {
      tell(failure(ReplicaFailure.Reason.REFUSED, cause));
    }

    @Override
    public void saturated() {
      tell(
          new ReplicaFailure(
              ReplicaFailure.Reason.SATURATED, replica.id() + ": every connection is in use"));
    }

    private ReplicaFailure failure(ReplicaFailure.Reason reason, Throwable cause) {
      return new ReplicaFailure(reason, replica.id() + ": " + cause);
    }

    /**
     * Of an answer that does not come all at once. A client that reads slowly stops the reading.
     */
    private final class Pieces {

      private final Queue<ByteBuf> held = new ConcurrentLinkedQueue<>();
      private final Sinks.Many<ByteBuf> flow = Sinks.many().unicast().onBackpressureBuffer(held);

      Flux<ByteBuf> asFlux() {
        return flow.asFlux()
            .doOnNext(piece -> reads(held.size() < MOST_PIECES))
            .doOnDiscard(ByteBuf.class, ByteBuf::release);
      }

      void add(ByteBuf piece) {
        if (flow.tryEmitNext(piece).isFailure()) {
          piece.release();
        }
        reads(held.size() < MOST_PIECES);
      }

      /** Lets go of what nobody took. Whoever took the flow lets go of it by himself. */
      void discard() {
        var _ = flow.asFlux().subscribe(ByteBuf::release, taken -> {});
      }

      void complete() {
        flow.tryEmitComplete();
      }

      void fail(Throwable cause) {
        flow.tryEmitError(cause);
      }

      private void reads(boolean reads) {
        ReplicaConnection used = connection;
        if (used != null) {
          used.reads(Try.this, reads);
        }
      }
    }
  }
}
