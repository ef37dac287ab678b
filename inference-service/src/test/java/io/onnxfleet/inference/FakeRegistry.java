package io.onnxfleet.inference;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.JsonNode;

/** What a replica tells a Eureka server, in order. */
final class FakeRegistry implements AutoCloseable {
  /** One request; the instance is missing where the request has no body. */
  record Told(String method, String path, String authorization, JsonNode instance) {
    String status() {
      return instance.at("/status").asString("");
    }

    String metadata(String key) {
      return instance.at("/metadata/" + key).asString("");
    }
  }

  private final HttpServer server;
  private final List<Told> told = new CopyOnWriteArrayList<>();

  FakeRegistry() throws IOException {
    this(0);
  }

  /** On a port that is free. */
  FakeRegistry(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/eureka/", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      JsonNode instance = RunningReplica.json(body.isEmpty() ? "{}" : body).at("/instance");
      String path = exchange.getRequestURI().getPath();
      String authorization =
          Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Authorization"), "");
      told.add(new Told(exchange.getRequestMethod(), path, authorization, instance));
      exchange.sendResponseHeaders(exchange.getRequestMethod().equals("POST") ? 204 : 200, -1);
    }
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/eureka/";
  }

  List<Told> told() {
    return List.copyOf(told);
  }

  /** What was told in registrations, the last one last. */
  List<Told> registrations() {
    return told().stream().filter(each -> each.method().equals("POST")).toList();
  }

  boolean wasLeft() {
    return told().stream().anyMatch(each -> each.method().equals("DELETE"));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
