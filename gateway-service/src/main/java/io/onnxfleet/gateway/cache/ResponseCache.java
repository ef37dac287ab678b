package io.onnxfleet.gateway.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.cache.CacheMetrics.Result;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.RecordedAnswer;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.security.Access;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Keeps answers of 200 for the configured models and gives them again to equal requests.
 *
 * <p>Guarantees:
 *
 * <ul>
 *   <li>Requests are equal if SHA-256 over model, content, media types and body says so (see {@link
 *       RequestDigest}, {@link ModelEpochs}). The content is what the model's files are: another
 *       one is another model, whatever its version is called.
 *   <li>While replicas differ in what they would answer with, nothing is kept and nothing is given
 *       again. An answer is kept only if the replica says that this content gave it.
 *   <li>Of equal requests at once one goes to a replica. If its client leaves, another one goes; if
 *       it fails or its answer is too large to keep, the others go by themselves.
 *   <li>Nothing but a complete answer of 200 is kept.
 *   <li>{@code Cache-Control: no-store} goes past the cache, {@code no-cache} and {@code max-age=0}
 *       renew what it holds.
 *   <li>The kept answers take no more than the configured size.
 * </ul>
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class ResponseCache {

  private static final int OK = 200;
  private static final int NOT_MODIFIED = 304;
  private static final String CACHE_STATUS = "Cache-Status";
  private static final String NO_STORE = "no-store";
  private static final String JSON_SUFFIX = "json";

  /** What a request by GET says of itself that its URL does not, and that decides who answers. */
  private static final List<String> CHOOSING =
      List.of(HeaderNames.LATENCY_BUDGET_MILLIS, HeaderNames.MIN_QUALITY);

  private record Key(String model, long epoch, String digest) {}

  /** What a request says about answers that are kept. */
  private enum Wish {
    ANY,
    NEW,
    UNKEPT
  }

  private final ModelPatterns models;
  private final int maxEntry;
  private final String maxAge;
  private final CacheMetrics metrics;
  private final LongSupplier nanoClock;
  private final ModelEpochs epochs;
  private final Cache<Key, CachedAnswer> answers;
  private final ConcurrentMap<Key, Flight> flights = new ConcurrentHashMap<>();

  ResponseCache(
      CacheProperties properties,
      Supplier<Fleet> fleet,
      CacheMetrics metrics,
      LongSupplier nanoClock) {
    this.models = new ModelPatterns(properties.models());
    this.maxEntry = (int) properties.maxEntry().toBytes();
    this.maxAge = "max-age=" + properties.clientMaxAge().toSeconds();
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    this.epochs = new ModelEpochs(fleet);
    this.answers =
        Caffeine.newBuilder()
            .maximumWeight(properties.maxSize().toBytes())
            .<Key, CachedAnswer>weigher((key, answer) -> answer.weight())
            .expireAfterWrite(properties.timeToLive())
            .ticker(nanoClock::getAsLong)
            .executor(Runnable::run)
            .build();
    metrics.watch(
        answers,
        cache -> (double) cache.policy().eviction().orElseThrow().weightedSize().orElse(0),
        cache -> (double) cache.estimatedSize());
  }

  /** Whether this model's answers are kept. */
  public boolean covers(String model) {
    return models.match(model);
  }

  /** Drops the answers of models whose versions changed. */
  void changed(Fleet fleet) {
    epochs.changed(
        fleet, model -> answers.asMap().keySet().removeIf(key -> key.model().equals(model)));
  }

  /**
   * Answers from what is kept, or lets the work answer and keeps that.
   *
   * @param operation what is asked of the model: the same body may mean something else elsewhere
   * @param body all of it, or null if it is too large to be looked at
   * @param work answers the call that it is given; called once or never
   */
  public Mono<Void> answer(
      Call call,
      ModelReference model,
      String operation,
      byte @Nullable [] body,
      Function<Call, Mono<Void>> work) {
    if (!covers(model.name())) {
      return work.apply(call);
    }
    HttpHeaders asked = call.head().headers();
    Wish wish = wish(asked);
    if (body == null || wish == Wish.UNKEPT) {
      metrics.met(model.name(), Result.BYPASSED);
      return work.apply(call);
    }
    ModelEpochs.Epoch epoch = epochs.current(model.name());
    ModelContent content = epochs.answering(model);
    if (content == null) {
      metrics.met(model.name(), Result.BYPASSED);
      return work.apply(call);
    }
    String digest = digest(model, epoch, content, operation, asked, body);
    return new Lookup(
            call,
            new Key(model.name(), epoch.number(), digest),
            content.digest(),
            RequestDigest.entityTag(digest),
            work)
        .run(wish);
  }

  private static String digest(
      ModelReference model,
      ModelEpochs.Epoch epoch,
      ModelContent content,
      String operation,
      HttpHeaders asked,
      byte[] body) {
    String binary = asked.getFirst(HeaderNames.HEADER_LENGTH);
    String encoding = asked.getFirst(HttpHeaders.CONTENT_ENCODING);
    RequestDigest digest =
        new RequestDigest()
            .add(operation)
            .add(model.name())
            .add(model.version())
            .add(content.digest().isEmpty() ? epoch.versions() : content.toString())
            .add(asked.getFirst(HttpHeaders.ACCEPT))
            .add(asked.getFirst(HttpHeaders.ACCEPT_ENCODING))
            .add(binary)
            .add(encoding);
    boolean json = binary == null && encoding == null;
    return (json ? digest.add(JSON_SUFFIX).addJson(body) : digest.add(body)).text();
  }

  private static Wish wish(HttpHeaders asked) {
    String control = asked.getFirst(HttpHeaders.CACHE_CONTROL);
    if (control == null) {
      return "no-cache".equalsIgnoreCase(asked.getFirst(HttpHeaders.PRAGMA)) ? Wish.NEW : Wish.ANY;
    }
    Wish wish = Wish.ANY;
    for (String directive : control.toLowerCase(Locale.ROOT).split(",", -1)) {
      switch (directive.strip()) {
        case NO_STORE -> {
          return Wish.UNKEPT;
        }
        case "no-cache", "max-age=0" -> wish = Wish.NEW;
        default -> {}
      }
    }
    return wish;
  }

  /** One request on its way to an answer. */
  private final class Lookup {

    private final Call call;
    private final Key key;
    private final String content;
    private final String entityTag;
    private final Function<Call, Mono<Void>> work;

    Lookup(Call call, Key key, String content, String entityTag, Function<Call, Mono<Void>> work) {
      this.call = call;
      this.key = key;
      this.content = content;
      this.entityTag = entityTag;
      this.work = work;
    }

    Mono<Void> run(Wish wish) {
      if (wish == Wish.NEW) {
        metrics.met(key.model(), Result.MISS);
        return fly(new Flight());
      }
      if (clientHasIt()) {
        metrics.met(key.model(), Result.NOT_MODIFIED);
        call.answer().status(NOT_MODIFIED);
        describe(call.answer().headers(), "hit");
        return call.answer().complete();
      }
      return ask(Result.HIT);
    }

    /**
     * From what is kept, from a flight under way, or by a flight of its own.
     *
     * @param ifKept how a kept answer counts
     */
    private Mono<Void> ask(Result ifKept) {
      CachedAnswer kept = answers.getIfPresent(key);
      if (kept != null) {
        metrics.met(key.model(), ifKept);
        return give(kept);
      }
      Flight own = new Flight();
      Flight present = flights.putIfAbsent(key, own);
      if (present == null) {
        metrics.met(key.model(), Result.MISS);
        return fly(own);
      }
      return present
          .landing()
          .flatMap(
              landing ->
                  switch (landing) {
                    case Flight.Landing.Answered answered -> {
                      metrics.met(key.model(), Result.JOINED);
                      yield give(answered.answer());
                    }
                    case Flight.Landing.HandedOver _ -> ask(Result.JOINED);
                    case Flight.Landing.Alone _ -> {
                      metrics.met(key.model(), Result.MISS);
                      yield fly(new Flight());
                    }
                  });
    }

    private Mono<Void> fly(Flight flight) {
      Answer recorded = new RecordedAnswer(call.answer(), maxEntry, new Recording(flight));
      Mono<Void> flying;
      try {
        flying = work.apply(call.answeredBy(recorded));
      } catch (RuntimeException | Error failure) {
        land(flight, new Flight.Landing.Alone());
        throw failure;
      }
      return flying
          .doOnTerminate(() -> land(flight, new Flight.Landing.Alone()))
          .doOnCancel(() -> land(flight, new Flight.Landing.HandedOver()));
    }

    private void land(Flight flight, Flight.Landing how) {
      // Before it is told, so that whoever hears of it finds the place free.
      flights.remove(key, flight);
      flight.land(how);
    }

    private Mono<Void> give(CachedAnswer kept) {
      Answer answer = call.answer();
      answer.status(OK);
      HttpHeaders headers = answer.headers();
      for (Map.Entry<String, String> header : kept.headers()) {
        headers.add(header.getKey(), header.getValue());
      }
      headers.setContentLength(kept.body().length);
      long ageNanos = Math.max(0, nanoClock.getAsLong() - kept.storedNanos());
      headers.set(HttpHeaders.AGE, Long.toString(TimeUnit.NANOSECONDS.toSeconds(ageNanos)));
      describe(headers, "hit");
      metrics.given(key.model(), kept.body().length);
      return answer.write(kept.body());
    }

    private void describe(HttpHeaders headers, String status) {
      headers.set(HttpHeaders.ETAG, entityTag);
      headers.set(HttpHeaders.CACHE_CONTROL, whoMayKeepIt() + ", " + maxAge);
      headers.set(CACHE_STATUS, "onnx-fleet; " + status);
      if (call.isConditional()) {
        List<String> told = headers.getVary();
        CHOOSING.stream()
            .filter(name -> !told.contains(name))
            .forEach(name -> headers.add(HttpHeaders.VARY, name));
      }
    }

    /** A proxy that keeps the answer would give it to whoever asks, without any credentials. */
    private String whoMayKeepIt() {
      Access access = call.access();
      return access.isVerified() || access.isLetInByOthers() ? "private" : "public";
    }

    /** The tag says that the versions are the same too, so nothing has to be computed. */
    private boolean clientHasIt() {
      if (!call.isConditional()) {
        return false;
      }
      for (String tag : call.head().headers().getIfNoneMatch()) {
        if (tag.equals("*") ? answers.getIfPresent(key) != null : isSame(tag)) {
          return true;
        }
      }
      return false;
    }

    /** Weak comparison. */
    private boolean isSame(String tag) {
      return tag.equals(entityTag) || entityTag.equals("W/" + tag);
    }

    private final class Recording implements RecordedAnswer.Listener {

      private final Flight flight;
      private boolean isExpected;

      Recording(Flight flight) {
        this.flight = flight;
      }

      @Override
      public void begins(HttpHeaders headers) {
        // A replica that was loading may have changed since it was looked up.
        isExpected = content.isEmpty() || content.equals(headers.getFirst(HeaderNames.CONTENT));
        if (isExpected) {
          describe(headers, "fwd=miss");
        }
      }

      @Override
      public void arrived(byte @Nullable [] body, HttpHeaders headers) {
        if (body == null || !isExpected) {
          land(flight, new Flight.Landing.Alone());
          return;
        }
        CachedAnswer answer = CachedAnswer.of(body, headers, nanoClock.getAsLong());
        answers.put(key, answer);
        land(flight, new Flight.Landing.Answered(answer));
      }
    }
  }
}
