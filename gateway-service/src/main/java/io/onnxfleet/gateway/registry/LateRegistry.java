package io.onnxfleet.gateway.registry;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks the replicas themselves what they serve while the registry is late to say it. The registry's
 * client gives a fetch up that takes longer than its interval, and then waits for twice that: one
 * slow fetch would hide a change of a model for three seconds, a registry that is away for ever.
 *
 * <p>Each known replica is asked once a second, those first that were not asked for longest. A
 * replica that comes while the registry is away stays unknown.
 *
 * <p>{@link #look} is called by one thread and never blocks. Bounded: {@value #MOST_AT_ONCE}
 * questions under way.
 */
final class LateRegistry {

  private static final Logger LOGGER = LoggerFactory.getLogger(LateRegistry.class);

  /** What a fetch may take, beside the time between two of them. */
  static final Duration USUAL_FETCH = Duration.ofMillis(300);

  static final int MOST_AT_ONCE = 64;

  private static final Duration TIMEOUT = Duration.ofSeconds(1);
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int OK = 200;

  private final HttpClient http;
  private final JsonMapper json;
  private final Supplier<List<Replica>> replicas;
  private final BiConsumer<String, Map<String, String>> told;
  private final Supplier<OptionalLong> sinceAnswerMillis;
  private final long lateMillis;
  private final LongSupplier nanoClock;
  private final Map<String, Long> askedAt = new ConcurrentHashMap<>();
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  /**
   * Asks nobody yet.
   *
   * @param told gets the id and the metadata of a replica that answered
   * @param sinceAnswerMillis since the registry answered last; negative if it never did, empty
   *     where none is asked
   * @param interval at which the registry is asked
   */
  LateRegistry(
      HttpClient http,
      JsonMapper json,
      Supplier<List<Replica>> replicas,
      BiConsumer<String, Map<String, String>> told,
      Supplier<OptionalLong> sinceAnswerMillis,
      Duration interval,
      LongSupplier nanoClock) {
    this.http = http;
    this.json = json;
    this.replicas = replicas;
    this.told = told;
    this.sinceAnswerMillis = sinceAnswerMillis;
    this.lateMillis = interval.plus(USUAL_FETCH).toMillis();
    this.nanoClock = nanoClock;
  }

  /** Asks whose turn it is, if the registry is late. */
  void look() {
    OptionalLong since = sinceAnswerMillis.get();
    if (since.isEmpty() || since.getAsLong() <= lateMillis) {
      askedAt.clear();
      return;
    }
    List<Replica> known = replicas.get();
    askedAt.keySet().retainAll(known.stream().map(Replica::id).collect(Collectors.toSet()));
    long now = nanoClock.getAsLong();
    known.stream()
        .filter(Replica::countsItsChanges)
        .filter(replica -> !underWay.contains(replica.id()))
        .filter(replica -> isDue(replica, now))
        .sorted(Comparator.comparingLong((Replica replica) -> waited(replica, now)).reversed())
        .limit(Math.max(0, MOST_AT_ONCE - underWay.size()))
        .forEach(replica -> ask(replica, now));
  }

  /** How many replicas are being asked. */
  int underWay() {
    return underWay.size();
  }

  private boolean isDue(Replica replica, long now) {
    return waited(replica, now) >= PAUSE_NANOS;
  }

  private long waited(Replica replica, long now) {
    Long at = askedAt.get(replica.id());
    return at == null ? Long.MAX_VALUE : now - at;
  }

  private void ask(Replica replica, long now) {
    askedAt.put(replica.id(), now);
    underWay.add(replica.id());
    var _ =
        http.get()
            .uri(replica.baseUri() + ApiPaths.REPLICA_SELF)
            .responseSingle(
                (answer, content) ->
                    answer.status().code() == OK ? content.asString() : Mono.empty())
            .timeout(TIMEOUT)
            .doFinally(signal -> underWay.remove(replica.id()))
            .subscribe(
                answer -> heard(replica, answer),
                failure -> LOGGER.debug("{} does not say what it serves", replica, failure));
  }

  private void heard(Replica replica, String answer) {
    try {
      Map<String, String> metadata = ReplicaSelf.read(json, answer).metadata();
      if (!metadata.isEmpty()) {
        told.accept(replica.id(), metadata);
      }
    } catch (JacksonException malformed) {
      LOGGER.debug("{} says something else of itself", replica, malformed);
    }
  }
}
