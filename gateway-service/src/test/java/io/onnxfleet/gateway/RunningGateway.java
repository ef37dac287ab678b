package io.onnxfleet.gateway;

import io.onnxfleet.gateway.fleet.FleetWatch;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.Environment;

/** The whole gateway on a free port of loopback, with a registry in the test's hands. */
final class RunningGateway implements AutoCloseable {

  private final FakeRegistry registry = new FakeRegistry();
  private final ConfigurableApplicationContext context;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final int port;

  RunningGateway(String... properties) {
    this(context -> {}, properties);
  }

  private RunningGateway(Consumer<GenericApplicationContext> beans, String... properties) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--server.port=0");
    arguments.add("--spring.main.banner-mode=off");
    for (String property : properties) {
      arguments.add("--" + property);
    }
    for (String usual :
        List.of(
            "--eureka.client.enabled=false",
            "--fleet.gateway.departure.notice=0s",
            // Of threads that are at rest; each test would end two seconds later.
            "--spring.reactor.netty.shutdown-quiet-period=0s")) {
      String key = usual.substring(0, usual.indexOf('=') + 1);
      if (arguments.stream().noneMatch(given -> given.startsWith(key))) {
        arguments.add(usual);
      }
    }
    this.context =
        new SpringApplicationBuilder(GatewayService.class)
            .initializers(
                context -> {
                  GenericApplicationContext registered = (GenericApplicationContext) context;
                  registered.registerBean("fakeRegistry", FakeRegistry.class, () -> registry);
                  beans.accept(registered);
                })
            .run(arguments.toArray(String[]::new));
    this.port =
        context.getBean(Environment.class).getRequiredProperty("local.server.port", Integer.class);
  }

  /** With further beans. */
  static RunningGateway with(Consumer<GenericApplicationContext> beans, String... properties) {
    return new RunningGateway(beans, properties);
  }

  <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  <T> Map<String, T> beans(Class<T> type) {
    return context.getBeansOfType(type);
  }

  FakeRegistry registry() {
    return registry;
  }

  int port() {
    return port;
  }

  /** Registers the replica as READY for the models, each {@code name:version}. */
  void register(FakeReplica replica, String... models) {
    register(replica.id(), replica.port(), models);
  }

  void register(String id, int replicaPort, String... models) {
    registry.register(
        id, replicaPort, Map.of("models-ready", String.join(",", models), "models-known", ""));
    look();
  }

  /**
   * Has the model answer so many requests with a body of that size, as it would in service: what
   * was answered so often may go on to another replica when one dies.
   */
  void vouchFor(String model, int requests, int size) throws IOException, InterruptedException {
    String name = model.substring(0, model.indexOf(':'));
    try (FakeReplica good = FakeReplica.answering("good", "{}")) {
      register(good, model);
      for (int i = 0; i < requests; i++) {
        int status = post("/v2/models/" + name + "/infer", " ".repeat(size)).statusCode();
        if (status != 200) {
          throw new IllegalStateException(model + ": status " + status);
        }
      }
    } finally {
      registry.leave("good");
      look();
    }
  }

  /** Has the gateway see the registry as it is now. */
  void look() {
    bean(FleetWatch.class).refresh();
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path));
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return send(request(path).POST(BodyPublishers.ofString(body)));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /** The same without waiting for the answer. */
  CompletableFuture<HttpResponse<String>> sendLater(HttpRequest.Builder request) {
    return client.sendAsync(request.build(), BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> postLater(String path, String body) {
    return sendLater(request(path).POST(BodyPublishers.ofString(body)));
  }

  HttpClient client() {
    return client;
  }

  /** Stops the gateway as TERM does; done when it has stopped. */
  CompletableFuture<Void> stopLater() {
    return CompletableFuture.runAsync(context::close);
  }

  @Override
  public void close() {
    client.shutdownNow();
    context.close();
  }
}
