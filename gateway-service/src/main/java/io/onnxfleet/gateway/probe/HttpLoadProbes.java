package io.onnxfleet.gateway.probe;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.policy.LoadProbes;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * Asks replicas for their load over HTTP, no more often than a rate. Any answer shows that a
 * replica that was left out is back; none shows that one is gone.
 *
 * <p>Safe for use by many threads; never blocks.
 */
final class HttpLoadProbes implements LoadProbes {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private final HttpClient http;
  private final ReplicaLoads loads;
  private final EjectedReplicas ejected;
  private final Consumer<Replica> leaving;
  private final LongSupplier nanoClock;
  private final double perNano;
  private final double most;

  @GuardedBy("this")
  private double tokens;

  @GuardedBy("this")
  private long filledAt;

  /**
   * Asks nobody yet.
   *
   * @param leaving is told of replicas that say that they go away
   */
  HttpLoadProbes(
      HttpClient http,
      ReplicaLoads loads,
      EjectedReplicas ejected,
      Consumer<Replica> leaving,
      int mostPerSecond,
      LongSupplier nanoClock) {
    this.http = http;
    this.loads = loads;
    this.ejected = ejected;
    this.leaving = leaving;
    this.nanoClock = nanoClock;
    this.perNano = mostPerSecond / 1e9;
    this.most = mostPerSecond;
    this.tokens = mostPerSecond;
    this.filledAt = nanoClock.getAsLong();
  }

  @Override
  public void probe(Replica replica, String model) {
    if (!take()) {
      return;
    }
    URI target = URI.create(replica.baseUri() + ApiCall.MODEL_LOAD.path(model, null));
    var _ =
        http.get()
            .uri(target)
            .responseSingle((answer, content) -> content.then(Mono.just(answer)))
            .timeout(TIMEOUT)
            .subscribe(
                answer -> heard(replica, model, answer), failure -> silent(replica, failure));
  }

  private void heard(Replica replica, String model, HttpClientResponse answer) {
    if (answer.responseHeaders().contains(HeaderNames.REPLICA_STATE, HeaderNames.DRAINING, true)) {
      ejected.eject(replica.id());
      leaving.accept(replica);
      return;
    }
    ejected.heardOf(replica.id());
    LoadReport report = LoadReport.parse(answer.responseHeaders().get(HeaderNames.LOAD_METRICS));
    if (report != null) {
      long now = nanoClock.getAsLong();
      loads.of(model).of(replica.id(), now).reported(report, now);
    }
  }

  /** A replica in service that is merely slow to say it is none of a probe's business. */
  private void silent(Replica replica, Throwable failure) {
    if (!(failure instanceof TimeoutException)
        || ejected.presence(replica.id()) == EjectedReplicas.Presence.DUE) {
      ejected.eject(replica.id());
    }
  }

  private synchronized boolean take() {
    long now = nanoClock.getAsLong();
    tokens = Math.min(most, tokens + (now - filledAt) * perNano);
    filledAt = now;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
