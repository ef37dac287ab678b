package io.onnxfleet.gateway.aggregate;

import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.aggregate.ReplicaQueries.Question;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.registry.ReplicaSelf;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Has this gateway route by a change of a model before the registry has told of it: each replica
 * that changed is asked what it serves now. Where one cannot say, the registry is waited for, no
 * longer than a bound. Stateless; never blocks.
 */
final class FleetSettlement {

  private static final Logger LOGGER = LoggerFactory.getLogger(FleetSettlement.class);

  /** What a replica would tell the registry now. */
  private static final Question SELF =
      new Question(HttpMethod.GET, ApiPaths.REPLICA_SELF, new byte[0], Duration.ofSeconds(5));

  private static final Duration LOOK_INTERVAL = Duration.ofMillis(50);

  private final ReplicaQueries replicas;
  private final FleetWatch watch;
  private final JsonMapper json;
  private final Duration longest;

  /**
   * Waits at most so long.
   *
   * @param longest for the registry to tell of a replica that does not say itself what it serves
   */
  FleetSettlement(ReplicaQueries replicas, FleetWatch watch, JsonMapper json, Duration longest) {
    this.replicas = replicas;
    this.watch = watch;
    this.json = json;
    this.longest = longest;
  }

  /**
   * Gives the ids of the replicas by which this gateway does not route yet: none if all is well.
   */
  Mono<List<String>> of(
      Collection<Replica> changed, String model, boolean loaded, RequestTrace trace) {
    return replicas
        .askAll(changed, SELF, trace)
        .flatMap(
            answers -> {
              Set<String> silent = new HashSet<>();
              for (ReplicaAnswer answer : answers) {
                Map<String, String> told = told(answer);
                if (told.isEmpty()) {
                  LOGGER.info(
                      "{} does not say what it serves ({}), the registry is waited for",
                      answer.replica(),
                      answer.outcome());
                  silent.add(answer.replica());
                } else {
                  watch.told(answer.replica(), told);
                }
              }
              return settled(changed, silent, model, loaded);
            });
  }

  private Mono<List<String>> settled(
      Collection<Replica> changed, Set<String> silent, String model, boolean loaded) {
    List<String> unsettled = unsettled(changed, silent, model, loaded);
    if (unsettled.isEmpty() || silent.isEmpty()) {
      return Mono.just(unsettled);
    }
    return Flux.interval(LOOK_INTERVAL)
        .take(longest.dividedBy(LOOK_INTERVAL))
        .map(tick -> unsettled(changed, silent, model, loaded))
        .takeUntil(List::isEmpty)
        .last(unsettled);
  }

  /**
   * A replica that says itself that a model was unloaded is believed: if it still lists the model,
   * it loads it on demand.
   */
  private List<String> unsettled(
      Collection<Replica> changed, Set<String> silent, String model, boolean loaded) {
    Fleet now = watch.current();
    Map<String, Replica> present = new HashMap<>();
    Stream.concat(now.vanished().stream(), now.registered().stream())
        .forEach(replica -> present.put(replica.id(), replica));
    return changed.stream()
        .map(Replica::id)
        .filter(
            id -> {
              Replica replica = present.get(id);
              if (replica == null) {
                // It went away meanwhile: nothing is routed there.
                return false;
              }
              return loaded
                  ? !replica.hasReady(model) || isInQuarantine(now, model)
                  : silent.contains(id) && replica.hasReady(model);
            })
        .sorted()
        .toList();
  }

  private static boolean isInQuarantine(Fleet now, String model) {
    ModelReference reference = new ModelReference(model, null);
    return now.quarantined(reference) != null
        && now.serving(reference).isEmpty()
        && now.vanishedServing(reference).isEmpty();
  }

  /** What the replica tells of itself; nothing where it does not know the question. */
  private Map<String, String> told(ReplicaAnswer answer) {
    if (answer.isSuccess()) {
      try {
        return ReplicaSelf.read(json, new String(answer.body(), StandardCharsets.UTF_8)).metadata();
      } catch (JacksonException malformed) {
        LOGGER.debug("{} says something else of itself", answer.replica(), malformed);
      }
    }
    return Map.of();
  }
}
