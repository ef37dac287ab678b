package io.onnxfleet.gateway.jobs;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.body.RequestContent;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.forwarding.ForwardedHeaders;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.JobProperties;
import io.onnxfleet.gateway.security.Scope;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * Passes calls about files, batches and jobs on to a job service, and tells it whose they are; so
 * it does with calls of a model that can wait, of which the job service makes jobs. Bodies stream
 * through in both directions and are never kept, so that a call is sent once; only where no
 * connection could be opened is another job service asked. A request has no deadline of its own:
 * how slowly a client may send and read is the business of its connection. A job service may pause
 * for {@code timeout} and no longer.
 *
 * <p>Safe for use by many threads; never blocks. Bounded: {@code max-requests} at a time, and
 * {@code max-waits} of those that are held until a job has a result.
 */
public final class JobForwarding {

  private static final int UNAUTHORIZED = 401;
  static final long RETRY_AFTER_SECONDS = 5;

  private final JobServices services;
  private final HttpClient http;
  private final boolean hasSecret;
  private final BooleanSupplier asksForCredentials;
  private final Duration timeout;
  private final long mostOfARequest;
  private final Places places;
  private final Places waits;

  JobForwarding(
      JobServices services,
      HttpClient http,
      boolean hasSecret,
      BooleanSupplier asksForCredentials,
      JobProperties properties,
      long mostOfARequest) {
    this.services = services;
    this.http = http;
    this.hasSecret = hasSecret;
    this.asksForCredentials = asksForCredentials;
    this.timeout = properties.timeout();
    this.mostOfARequest = mostOfARequest;
    this.places = new Places("requests to the job service are under way", properties.maxRequests());
    this.waits = new Places("results are waited for", properties.maxWaits());
  }

  /** A call as the job service is asked, for its owner; and what it may take. */
  private record Asking(
      Call call, String target, String owner, Duration timeout, long mostBytes, Places places) {}

  /** Has a job service answer; refuses whoever may not ask. */
  public Mono<Void> forward(Call call) {
    requireRight(call);
    String query = call.head().query();
    // However it writes the parameter: %77ait is one too.
    boolean isHeld = call.asked().call() == ApiCall.JOB_RESULT && query != null && !query.isEmpty();
    return ask(
        new Asking(
            call,
            target(call),
            owner(call.access()),
            isHeld ? timeout.plusSeconds(ApiPaths.LONGEST_JOB_WAIT) : timeout,
            Long.MAX_VALUE,
            isHeld ? waits : places));
  }

  /**
   * Whether a call is to become a job: its caller prefers that, it runs a model, and there is a job
   * service that may work for this caller. Whether the caller may ask is said by {@link #take}.
   */
  public boolean takes(Call call) {
    return call.runsModel()
        && call.asked().call().method() == ApiCall.Method.POST
        && Preferences.wantAsync(call.head().received())
        && whyNotOffered(call.access()) == null
        && !services.known().isEmpty();
  }

  /** Has a job be made of a call; refuses who may not ask for jobs, or not for what is asked. */
  public Mono<Void> take(Call call) {
    call.access().require(Scope.JOBS);
    String model = call.asked().model();
    if (model == null) {
      // The model stands in the body, which is looked at when the job is run.
      call.access().require(Scope.INFER);
    } else {
      call.access().require(Scope.INFER, model);
    }
    long declared = call.body().declaredLength();
    if (declared > mostOfARequest) {
      return Mono.error(tooLarge(declared, mostOfARequest));
    }
    return ask(
        new Asking(
            call,
            ApiPaths.JOBS
                + '?'
                + ApiPaths.JOB_CALL
                + '='
                + URLEncoder.encode(target(call), StandardCharsets.UTF_8),
            owner(call.access()),
            timeout,
            mostOfARequest,
            places));
  }

  /** The path with its query. */
  private static String target(Call call) {
    String query = call.head().query();
    String path = ApiPaths.withoutSlashAtEnd(call.head().path());
    return query == null ? path : path + '?' + query;
  }

  private static GatewayException tooLarge(long bytes, long most) {
    return new GatewayException(
        ErrorCode.REQUEST_TOO_LARGE, "body: %d bytes (expected: <= %d)".formatted(bytes, most));
  }

  private Mono<Void> ask(Asking asking) {
    List<URI> known = services.known();
    if (known.isEmpty()) {
      return Mono.error(unavailable("no job service is registered (expected: one)"));
    }
    return Mono.using(
        () -> asking.places().enter(asking.call().access().caller()),
        place -> first(known, 0, asking),
        Places.Place::leave);
  }

  private static void requireRight(Call call) {
    boolean sees = call.asked().call().method() != ApiCall.Method.POST || isCancel(call);
    if (!(sees && call.access().isVerified() && call.access().has(Scope.ADMIN))) {
      call.access().require(Scope.JOBS);
    }
  }

  private static boolean isCancel(Call call) {
    return call.asked().call() == ApiCall.CANCEL_BATCH;
  }

  /** Why nothing can be done in the name of such a caller; null if it can. */
  private @Nullable String whyNotOffered(Access access) {
    if (access.isLetInByOthers()) {
      return "jobs are not offered to callers whom another security chain lets in (expected: a key,"
          + " a token or a certificate of the fleet)";
    }
    return !hasSecret && asksForCredentials.getAsBoolean()
        ? "jobs need fleet.secret where callers need credentials (expected: the same at gateway and"
            + " job service)"
        : null;
  }

  /** Whose the call is; refuses where the job service could not do the work in that name. */
  private String owner(Access access) {
    String reason = whyNotOffered(access);
    if (reason != null) {
      throw forGood(reason);
    }
    try {
      return access.asOwner().write();
    } catch (IllegalArgumentException tooLong) {
      throw new GatewayException(ErrorCode.MALFORMED_REQUEST, String.valueOf(tooLong.getMessage()));
    }
  }

  private Mono<Void> first(List<URI> known, int index, Asking asking) {
    AtomicBoolean connected = new AtomicBoolean();
    return send(known.get(index), asking, connected)
        .onErrorResume(
            failure ->
                !connected.get() && index + 1 < known.size()
                    ? first(known, index + 1, asking)
                    : Mono.error(explained(failure, connected.get())));
  }

  private Mono<Void> send(URI base, Asking asking, AtomicBoolean connected) {
    Call call = asking.call();
    Sinks.Empty<Void> sent = Sinks.empty();
    Mono<Void> exchange =
        http.doOnConnected(connection -> connected.set(true))
            .doOnResponse(
                (answer, connection) -> connection.addHandlerLast(new AnswerPause(timeout)))
            .headers(headers -> describe(call, asking.owner(), headers))
            .request(HttpMethod.valueOf(call.head().method()))
            .uri(URI.create(base + asking.target()))
            .send((request, outbound) -> body(asking, outbound, sent))
            .response((answer, content) -> answer(call, answer, content))
            .then();
    AtomicBoolean begun = new AtomicBoolean();
    call.answer().onBegin(() -> begun.set(true));
    return Mono.firstWithSignal(
        exchange,
        // Runs out only while the answer has not begun; afterwards it never says a word.
        sent.asMono()
            .then(Mono.delay(asking.timeout()))
            .filter(time -> !begun.get())
            .<Void>flatMap(time -> Mono.error(new TimeoutException("no answer")))
            .switchIfEmpty(Mono.never()));
  }

  private void describe(Call call, String owner, HttpHeaders headers) {
    headers.remove(HttpHeaderNames.USER_AGENT);
    headers.remove(HttpHeaderNames.ACCEPT);
    ForwardedHeaders.copyRequest(call.head().received(), headers);
    headers.set(HeaderNames.OWNER, owner);
    headers.set(HeaderNames.REQUEST_ID, call.trace().requestId());
    headers.set(HeaderNames.TRACE_PARENT, call.trace().traceparent());
    long declared = call.body().declaredLength();
    if (declared >= 0) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(declared));
    } else if (!call.body().isEmpty()) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (call.asked().call().method() == ApiCall.Method.POST) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, "0");
    }
  }

  private Publisher<Void> body(Asking asking, NettyOutbound outbound, Sinks.Empty<Void> sent) {
    Call call = asking.call();
    if (call.body().isEmpty()) {
      sent.tryEmitEmpty();
      return Mono.empty();
    }
    AtomicLong size = new AtomicLong();
    Flux<ByteBuf> pieces =
        RequestContent.pieces(call.body())
            .onErrorMap(failure -> RequestContent.brokenOff(failure, size.get()))
            .timeout(timeout)
            .map(NettyDataBufferFactory::toByteBuf)
            .doOnNext(piece -> requireRoom(size, piece, asking.mostBytes()))
            .doFinally(end -> sent.tryEmitEmpty());
    return outbound.send(pieces, piece -> true);
  }

  private static void requireRoom(AtomicLong size, ByteBuf piece, long most) {
    if (size.addAndGet(piece.readableBytes()) > most) {
      piece.release();
      throw tooLarge(size.get(), most);
    }
  }

  private static Flux<Void> answer(Call call, HttpClientResponse said, ByteBufFlux content) {
    if (said.status().code() == UNAUTHORIZED) {
      return Flux.error(
          unavailable(
              "the job service refuses this gateway (expected: the same fleet.secret and authority"
                  + " of certificates, and clocks that agree)"));
    }
    Answer answer = call.answer();
    ForwardedHeaders.copyResponse(said.responseHeaders(), answer.sent());
    answer.status(said.status().code());
    return Flux.from(answer.write(content.retain()));
  }

  private static Throwable explained(Throwable failure, boolean wasConnected) {
    return failure instanceof GatewayException
        ? failure
        : unavailable(
            wasConnected
                ? "the job service did not answer: " + failure
                : "the job service cannot be reached: " + failure);
  }

  private static GatewayException unavailable(String message) {
    return new GatewayException(ErrorCode.JOBS_UNAVAILABLE, message, RETRY_AFTER_SECONDS);
  }

  private static GatewayException forGood(String message) {
    return new GatewayException(ErrorCode.JOBS_UNAVAILABLE, message, 0);
  }
}
