package io.onnxfleet.gateway;

import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * A replica over real HTTP that answers what a test tells it to, and remembers what it was asked.
 * It knows nothing of probes for its load, and tells what it serves once a test says that it does.
 */
final class FakeReplica implements AutoCloseable {

  /** What it answers a request whose body it has read. */
  interface Answer {
    Publisher<Void> to(HttpServerRequest request, byte[] body, HttpServerResponse response);
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Received(String method, String uri, Map<String, String> headers, byte[] body) {}

  private final String id;
  private final DisposableServer server;
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private volatile @Nullable String self;
  private volatile boolean killed;
  private volatile boolean draining;

  FakeReplica(String id, Answer answer) {
    this.id = id;
    this.server =
        LocalServer.onAnyPort()
            .httpRequestDecoder(limits -> limits.maxHeaderSize(32 * 1024))
            .doOnConnection(this::accepted)
            .handle(
                (request, response) ->
                    request
                        .receive()
                        .aggregate()
                        .asByteArray()
                        .defaultIfEmpty(new byte[0])
                        .flatMap(
                            body -> {
                              if (draining) {
                                return Mono.from(
                                    response
                                        .status(503)
                                        .header("Inference-Replica-State", "draining")
                                        .send());
                              }
                              if (HttpMethod.GET.equals(request.method())
                                  && request.uri().endsWith("/load")) {
                                return Mono.from(response.sendNotFound());
                              }
                              String told = self;
                              if (request.uri().equals("/v2/fleet/self")) {
                                return told == null
                                    ? Mono.from(response.sendNotFound())
                                    : response.sendString(Mono.just(told)).then();
                              }
                              remember(request, body);
                              response.header("Inference-Replica", id);
                              return Mono.from(answer.to(request, body, response));
                            }))
            .bindNow();
  }

  /** A replica that answers everything with 200 and the body. */
  static FakeReplica answering(String id, String json) {
    return new FakeReplica(
        id,
        (request, body, response) ->
            response.header("Content-Type", "application/json").sendString(Mono.just(json)).then());
  }

  /** Says from now on that this is what it tells the registry: keys and values in turn. */
  FakeReplica telling(String... metadata) {
    StringBuilder json = new StringBuilder("{\"id\":\"" + id + "\",\"metadata\":{");
    for (int i = 0; i < metadata.length; i += 2) {
      json.append(i == 0 ? "" : ",")
          .append("\"%s\":\"%s\"".formatted(metadata[i], metadata[i + 1]));
    }
    self = json.append("}}").toString();
    return this;
  }

  private void remember(HttpServerRequest request, byte[] body) {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    request.requestHeaders().forEach(header -> headers.put(header.getKey(), header.getValue()));
    received.add(new Received(request.method().name(), request.uri(), headers, body));
  }

  String id() {
    return id;
  }

  int port() {
    return server.port();
  }

  List<Received> received() {
    return received;
  }

  private void accepted(Connection connection) {
    connections.add(connection);
    if (killed) {
      // It came while the others were broken off.
      connection.dispose();
    }
  }

  /** Ends as a process does that is killed: nothing listens any more, every connection breaks. */
  void kill() {
    killed = true;
    server.disposeNow();
    connections.forEach(Connection::dispose);
  }

  /** Says from now on that it goes away, and takes nothing. */
  void drain() {
    draining = true;
  }

  @Override
  public void close() {
    server.disposeNow();
  }
}
