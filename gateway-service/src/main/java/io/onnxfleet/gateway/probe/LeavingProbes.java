package io.onnxfleet.gateway.probe;

import io.netty.channel.ConnectTimeoutException;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * Asks replicas that are listed no more whether they have gone. One that says that it drains has
 * left by itself, one whose port is closed has ended; any other may be there and the registry have
 * forgotten it.
 *
 * <p>Safe for use by many threads; never blocks. Asks a replica once at a time.
 */
final class LeavingProbes {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private final HttpClient http;
  private final Consumer<Replica> gone;
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  /**
   * Asks nobody yet.
   *
   * @param gone is told of replicas that have gone
   */
  LeavingProbes(HttpClient http, Consumer<Replica> gone) {
    this.http = http;
    this.gone = gone;
  }

  void ask(Replica replica) {
    if (!underWay.add(replica.process())) {
      return;
    }
    var _ =
        http.get()
            .uri(URI.create(replica.baseUri() + ApiCall.MODEL_LOAD.path("_", null)))
            .responseSingle((answer, content) -> content.then(Mono.just(isDraining(answer))))
            .timeout(TIMEOUT)
            .onErrorResume(failure -> Mono.just(isClosed(failure)))
            .doFinally(signal -> underWay.remove(replica.process()))
            .subscribe(
                left -> {
                  if (left) {
                    gone.accept(replica);
                  }
                });
  }

  private static boolean isDraining(HttpClientResponse answer) {
    return answer.responseHeaders().contains(HeaderNames.REPLICA_STATE, HeaderNames.DRAINING, true);
  }

  private static boolean isClosed(Throwable failure) {
    return failure instanceof ConnectException && !(failure instanceof ConnectTimeoutException);
  }
}
