package io.onnxfleet.gateway.registry;

import io.onnxfleet.contract.api.ApiPaths;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The replicas behind a name, each by its own word: once a second the name is looked up and every
 * address asked what it would tell a registry.
 *
 * <p>Who answers is listed. Who refuses the connection, breaks it off or says that it is draining
 * is no longer listed from then on; who is merely late keeps its place for {@link #PATIENCE} more
 * rounds. While nobody can say which addresses there are, those of before are asked on.
 *
 * <p>Safe for use by many threads; never blocks. Keeps as much as the replicas tell.
 */
final class DnsReplicas implements DiscoveryClient, AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(DnsReplicas.class);

  /** Answers that may be late in a row: a replica that was never late has two more seconds. */
  private static final int PATIENCE = 2;

  private static final int OK = 200;

  /** At once, however many replicas there are. */
  private static final int ASKED_AT_ONCE = 256;

  /** One replica's answer. */
  private record Answer(int status, String body) {}

  /** What it told last, and how often it was late since then. */
  private record Heard(ServiceInstance instance, int late) {}

  private final ReplicasByName names;
  private final HttpClient http;
  private final boolean tls;
  private final JsonMapper json;
  private final DnsProperties properties;
  private final String service;
  private final LongSupplier nanoClock;
  private final Map<String, Heard> heard = new ConcurrentHashMap<>();
  private volatile Set<String> addresses = Set.of();
  private volatile @Nullable Long answeredAt;
  private volatile @Nullable Disposable rounds;

  /**
   * Asks nobody yet.
   *
   * @param tls whether replicas speak it
   * @param service the name under which the replicas are asked for
   */
  DnsReplicas(
      ReplicasByName names,
      HttpClient http,
      boolean tls,
      JsonMapper json,
      DnsProperties properties,
      String service,
      LongSupplier nanoClock) {
    this.names = names;
    this.http = http;
    this.tls = tls;
    this.json = json;
    this.properties = properties;
    this.service = service;
    this.nanoClock = nanoClock;
  }

  /** Looks from now on, until it is closed. A round that takes long holds back the next one. */
  void start() {
    rounds =
        Flux.interval(Duration.ZERO, properties.interval())
            .onBackpressureDrop()
            .concatMap(tick -> round(), 1)
            .subscribe();
  }

  /** Completes when every replica has answered or failed. */
  Mono<Void> round() {
    return names
        .lookUp()
        .timeout(properties.timeout().multipliedBy(2))
        .doOnNext(this::found)
        .onErrorResume(
            failure -> {
              LOGGER.debug("{} could not be looked up", properties.name(), failure);
              return Mono.empty();
            })
        .thenMany(Flux.defer(() -> Flux.fromIterable(addresses)))
        .flatMap(this::ask, ASKED_AT_ONCE)
        .then()
        .onErrorResume(
            failure -> {
              LOGGER.warn("replicas could not be asked", failure);
              return Mono.empty();
            });
  }

  private void found(Collection<InetAddress> found) {
    Set<String> now = new TreeSet<>();
    found.forEach(address -> now.add(address.getHostAddress()));
    answeredAt = nanoClock.getAsLong();
    if (!now.equals(addresses)) {
      LOGGER.info("{}: {} (before: {})", properties.name(), now, addresses);
      addresses = Set.copyOf(now);
      heard.keySet().retainAll(now);
    }
  }

  private Mono<Void> ask(String address) {
    String host = address.indexOf(':') >= 0 ? "[" + address + "]" : address;
    return http.get()
        .uri(
            (tls ? "https://" : "http://") + host + ":" + properties.port() + ApiPaths.REPLICA_SELF)
        .responseSingle(
            (answer, content) ->
                content
                    .asString(StandardCharsets.UTF_8)
                    .defaultIfEmpty("")
                    .map(body -> answer(answer, body)))
        .timeout(properties.timeout())
        .doOnNext(answer -> answered(address, answer))
        .onErrorResume(
            failure -> {
              failed(address, failure);
              return Mono.empty();
            })
        .then();
  }

  private static Answer answer(HttpClientResponse answer, String body) {
    return new Answer(answer.status().code(), body);
  }

  private void answered(String address, Answer answer) {
    ServiceInstance instance = answer.status() == OK ? instance(address, answer.body()) : null;
    if (instance == null) {
      leave(address, "status " + answer.status());
    } else if (addresses.contains(address)) {
      heard.put(address, new Heard(instance, 0));
    }
  }

  private void failed(String address, Throwable failure) {
    boolean isLate = failure instanceof TimeoutException && !(failure instanceof ConnectException);
    Heard known = heard.get(address);
    if (isLate && known != null && known.late() < PATIENCE) {
      heard.replace(address, known, new Heard(known.instance(), known.late() + 1));
    } else {
      leave(address, failure instanceof IOException ? failure.getMessage() : failure.toString());
    }
  }

  private void leave(String address, @Nullable String reason) {
    if (heard.remove(address) != null) {
      LOGGER.info("{} is no longer asked: {}", address, reason);
    }
  }

  private @Nullable ServiceInstance instance(String address, String body) {
    try {
      ReplicaSelf self = ReplicaSelf.read(json, body);
      return self.id().isEmpty()
          ? null
          : new DefaultServiceInstance(
              self.id(), service, address, properties.port(), tls, self.metadata());
    } catch (JacksonException malformed) {
      LOGGER.debug("{} says something else of itself", address, malformed);
      return null;
    }
  }

  /** Milliseconds since somebody could say which addresses there are; negative if nobody yet. */
  OptionalLong sinceAnswerMillis() {
    Long at = answeredAt;
    return OptionalLong.of(
        at == null ? -1 : TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - at));
  }

  @Override
  public String description() {
    return "replicas by DNS";
  }

  @Override
  public List<ServiceInstance> getInstances(String serviceId) {
    Set<String> ids = new HashSet<>();
    return heard.values().stream()
        .map(Heard::instance)
        // One replica may have several addresses.
        .filter(instance -> ids.add(instance.getInstanceId()))
        .toList();
  }

  @Override
  public List<String> getServices() {
    return List.of(service);
  }

  @Override
  public void close() {
    Disposable running = rounds;
    if (running != null) {
      running.dispose();
    }
  }
}
