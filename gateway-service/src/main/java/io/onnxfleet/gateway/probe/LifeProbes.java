package io.onnxfleet.gateway.probe;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;

/**
 * Finds out whether a replica lives that broke off a connection which was used before: any answer
 * says so, on a connection of its own. Those who ask at once share a probe. Safe for use by many
 * threads; never blocks. Bounded by the replicas that are asked about at once.
 */
public final class LifeProbes {

  /** As long as any probe waits: a busy replica lives too. */
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private final HttpClient http;
  private final Map<String, Mono<Boolean>> underWay = new ConcurrentHashMap<>();

  /**
   * Asks nobody yet.
   *
   * @param http without a pool: its connections are as old as the one that broke
   */
  LifeProbes(HttpClient http) {
    this.http = http;
  }

  public Mono<Boolean> lives(Replica replica) {
    return underWay.computeIfAbsent(replica.process(), process -> probe(replica));
  }

  private Mono<Boolean> probe(Replica replica) {
    return http.get()
        .uri(URI.create(replica.baseUri() + ApiCall.MODEL_LOAD.path("_", null)))
        .responseSingle((answer, content) -> content.then(Mono.just(true)))
        .timeout(TIMEOUT)
        .onErrorReturn(false)
        .doFinally(signal -> underWay.remove(replica.process()))
        .cache();
  }
}
