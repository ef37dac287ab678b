package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.DeflateInput;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/*
 * A request of 63 KB may inflate to 64 MB, and the model may stand behind all of it. So there are
 * three ways, of which the first two take all requests of ordinary clients:
 *
 *   a few KB, not compressed          on the event loop
 *   the first 256 KB, decompressed    on the threads for parsing
 *   the rest of a larger body         one at a time, if the budget has room for what it may come
 *                                     to, and with pauses: three parts of rest to one of work, so
 *                                     that others find a processor; fifteen parts once it has
 *                                     become more than honest bodies do
 */
/**
 * Has {@link RequestedModel} look into bodies, where it keeps nobody else waiting. Nothing of what
 * is decompressed is kept. A search ends when its client has gone. Safe for use by many threads;
 * never blocks.
 */
public final class ModelSearch {

  private static final int ON_EVENT_LOOP = 8 * 1024;
  private static final int GLANCE = 256 * 1024;
  private static final int PART = 256 * 1024;
  private static final int REST_FOR_WORK = 3;
  private static final int REST_FOR_EXCESS = 15;

  private final RequestedModel models;
  private final ByteBudget inflated;
  private final Scheduler parsing;
  private final Scheduler thorough;
  private final LongSupplier nanoClock;
  private final Rest rest;

  /** Lets time pass. */
  @FunctionalInterface
  interface Rest {
    void nanos(long nanos) throws InterruptedException;
  }

  /**
   * A search.
   *
   * @param thorough has one thread
   */
  ModelSearch(
      RequestedModel models,
      ByteBudget inflated,
      Scheduler parsing,
      Scheduler thorough,
      LongSupplier nanoClock) {
    this(models, inflated, parsing, thorough, nanoClock, Unhurried::sleep);
  }

  /** The same with other rests. */
  ModelSearch(
      RequestedModel models,
      ByteBudget inflated,
      Scheduler parsing,
      Scheduler thorough,
      LongSupplier nanoClock,
      Rest rest) {
    this.rest = rest;
    this.models = models;
    this.inflated = inflated;
    this.parsing = parsing;
    this.thorough = thorough;
    this.nanoClock = nanoClock;
  }

  /** The model that a body asks for whose head has these headers. */
  public Mono<String> in(HttpHeaders headers, RequestBody body) {
    String encoding = headers.getFirst(HttpHeaders.CONTENT_ENCODING);
    if (body instanceof RequestBody.Kept kept
        && kept.bytes().length <= ON_EVENT_LOOP
        && !RequestedModel.isEncoded(encoding)) {
      return Mono.fromSupplier(() -> models.in(body, encoding, in -> in));
    }
    return Mono.fromSupplier(() -> models.in(body, encoding, Glance::new))
        .subscribeOn(parsing)
        .onErrorResume(NotAtTheFront.class, later -> thoroughly(body, encoding));
  }

  private Mono<String> thoroughly(RequestBody body, @Nullable String encoding) {
    return Mono.using(
        () -> reserve(models.most(length(body), encoding)),
        reserved -> Mono.fromSupplier(() -> unhurried(body, encoding)).subscribeOn(thorough),
        inflated::release);
  }

  private long reserve(long bytes) {
    if (!inflated.tryReserve(bytes)) {
      throw new GatewayException(
          ErrorCode.GATEWAY_OVERLOADED,
          "other bodies are searched for their model (expected: the model before the input)");
    }
    return bytes;
  }

  private String unhurried(RequestBody body, @Nullable String encoding) {
    try {
      return models.in(body, encoding, in -> new Unhurried(in, length(body), nanoClock, rest));
    } catch (GatewayException refusal) {
      throw refusal;
    } catch (RuntimeException failure) {
      if (Thread.currentThread().isInterrupted()) {
        // Nobody listens any more.
        return models.defaultModel();
      }
      throw failure;
    }
  }

  private static long length(RequestBody body) {
    return switch (body) {
      case RequestBody.Kept kept -> kept.bytes().length;
      case RequestBody.Held held -> held.length();
      case RequestBody.Streamed streamed -> streamed.length();
    };
  }

  /** The model does not stand where it is looked for first. */
  private static final class NotAtTheFront extends RuntimeException {

    NotAtTheFront() {
      super("more than " + GLANCE + " bytes", null, false, false);
    }
  }

  private static final class Glance extends FilterInputStream {

    private long left = GLANCE;

    Glance(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (left <= 0) {
        throw new NotAtTheFront();
      }
      int read = super.read(buffer, offset, length);
      left -= read;
      return read;
    }
  }

  /** Rests now and then, and ends when its thread is told to. */
  private static final class Unhurried extends FilterInputStream {

    private final long honest;
    private final LongSupplier nanoClock;
    private final Rest rest;
    private long count;
    private long sinceRest;
    private long restedAt;

    /**
     * Reads a body.
     *
     * @param sent its length as it came
     */
    Unhurried(InputStream in, long sent, LongSupplier nanoClock, Rest rest) {
      super(in);
      this.rest = rest;
      this.honest = GLANCE + DeflateInput.HONEST_RATIO * sent;
      this.nanoClock = nanoClock;
      this.restedAt = nanoClock.getAsLong();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (sinceRest >= PART) {
        rest();
      }
      int read = super.read(buffer, offset, length);
      sinceRest += read;
      count += read;
      return read;
    }

    static void sleep(long nanos) throws InterruptedException {
      Thread.sleep(Duration.ofNanos(nanos));
    }

    private void rest() throws IOException {
      sinceRest = 0;
      long worked = nanoClock.getAsLong() - restedAt;
      try {
        rest.nanos(worked * (count > honest ? REST_FOR_EXCESS : REST_FOR_WORK));
      } catch (InterruptedException gone) {
        Thread.currentThread().interrupt();
        throw new IOException("the client has gone", gone);
      }
      restedAt = nanoClock.getAsLong();
    }
  }
}
