package io.onnxfleet.launcher.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A server in the place of a gateway: answers each path with what it was told, one after the other,
 * the last one again and again. Safe for use by many threads.
 */
final class StandInGateway implements AutoCloseable {
  private final HttpServer server;
  private final Map<String, Deque<Said>> answers = new HashMap<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private volatile @Nullable String authorization;
  private volatile String upload = "";

  /** With so many bytes of the body missing, after which the connection ends. */
  private record Said(int status, String body, int missing) {}

  StandInGateway() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Method and path, as {@code GET /v1/batches}. */
  synchronized StandInGateway on(String request, int status, String body) {
    return add(request, new Said(status, body, 0));
  }

  /** An answer of 200 that breaks off. */
  synchronized StandInGateway onBroken(String request, String body) {
    return add(request, new Said(200, body, 1));
  }

  private StandInGateway add(String request, Said said) {
    answers.computeIfAbsent(request, each -> new ArrayDeque<>()).add(said);
    return this;
  }

  /** Methods and paths with their queries, in order. */
  List<String> asked() {
    return asked;
  }

  /** What the last request showed. */
  @Nullable String authorization() {
    return authorization;
  }

  /** The body of the last upload. */
  String upload() {
    return upload;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
      asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (request.equals("POST /v1/files")) {
        upload = body;
      }
      Said said = next(request);
      byte[] bytes = said.body().getBytes(UTF_8);
      long length = (long) bytes.length + said.missing();
      exchange.sendResponseHeaders(said.status(), length == 0 ? -1 : length);
      exchange.getResponseBody().write(bytes);
      exchange.getResponseBody().flush();
    }
  }

  private synchronized Said next(String request) {
    Deque<Said> left = answers.getOrDefault(request, new ArrayDeque<>());
    if (left.isEmpty()) {
      return new Said(404, "{\"error\":{\"message\":\"nothing at " + request + "\"}}", 0);
    }
    return left.size() > 1 ? left.removeFirst() : left.getFirst();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
