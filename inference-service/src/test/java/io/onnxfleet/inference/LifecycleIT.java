package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica's coming and going, as its registry, its clients and its callers see it. */
class LifecycleIT {
  private static final String LOOP = "/v2/models/loop/infer";
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path models;

  @Test
  void replica_registersWhenReady_tellsChanges_andLeavesFirst() throws Exception {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "first model");
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "second");
    Files.createDirectories(models.resolve("empty"));
    Files.writeString(
        models.resolve("second/config.pbtxt"),
        """
        parameters { key: "family" value { string_value: "two words" } }
        parameters { key: "quality" value { string_value: "0.9" } }
        parameters { key: "comparable" value { string_value: "true" } }
        """);
    try (FakeRegistry registry = new FakeRegistry()) {
      RunningReplica replica = startedWith(registry, "2s");
      try {
        await().atMost(LONG).until(() -> !registry.registrations().isEmpty());
        FakeRegistry.Told first = registry.registrations().getFirst();
        assertThat(first.status()).isEqualTo("UP");
        assertThat(first.path()).endsWith("/apps/INFERENCE-SERVICE");
        assertThat(first.instance().at("/port/$").asInt()).isEqualTo(replica.port());
        assertThat(first.metadata("models-ready")).isEqualTo("first+model:1,second:1");
        assertThat(first.metadata("models-known")).isEqualTo("empty,first+model,second");
        assertThat(first.metadata("models-families")).isEqualTo("second:two+words:0.9:c:0.0");
        assertThat(first.metadata("execution-providers")).isEqualTo("cpu");
        assertThat(Integer.parseInt(first.metadata("capacity"))).isPositive();
        assertThat(Long.parseLong(first.metadata("started"))).isPositive();
        assertThat(first.metadata("zone")).isEqualTo("default");
        assertThat(Long.parseLong(first.metadata("revision"))).isPositive();
        assertThat(json(replica.get("/v2/fleet/self")).at("/metadata/models-ready").asString())
            .isEqualTo("first+model:1,second:1");

        assertThat(replica.post("/v2/repository/models/second/unload", "").statusCode())
            .isEqualTo(200);
        // At once: whoever unloaded it may ask what is served now.
        assertThat(json(replica.get("/v2/fleet/self")).at("/metadata/models-ready").asString())
            .isEqualTo("first+model:1");
        await().atMost(LONG).until(() -> last(registry).equals("first+model:1"));
        assertThat(replica.post("/v2/repository/models/second/load", "").statusCode())
            .isEqualTo(200);
        await().atMost(LONG).until(() -> last(registry).equals("first+model:1,second:1"));
        assertThat(
                registry.registrations().stream()
                    .map(told -> Long.valueOf(told.metadata("revision"))))
            .isSorted();

        CompletableFuture<Void> stop = CompletableFuture.runAsync(replica.context()::close);
        await().atMost(LONG).until(registry::wasLeft);
        // The departure notice: still answering, and saying that it goes away.
        await()
            .atMost(LONG)
            .pollInterval(Duration.ofMillis(10))
            .untilAsserted(
                () -> {
                  HttpResponse<byte[]> refused = replica.post("/v2/models/second/infer", "{}");
                  assertThat(refused.statusCode()).isEqualTo(503);
                  assertThat(refused.headers().firstValue("Inference-Replica-State"))
                      .hasValue("draining");
                  assertThat(refused.headers().firstValue("Retry-After")).isPresent();
                  assertThat(refused.headers().firstValue("Connection")).hasValue("close");
                  assertThat(replica.get("/v2/fleet/self").statusCode()).isEqualTo(503);
                  assertThat(replica.get("/v2/health/ready").statusCode()).isEqualTo(503);
                  assertThat(replica.get("/v2/health/live").statusCode()).isEqualTo(200);
                });
        stop.join();
      } finally {
        replica.close();
      }
    }
  }

  @Test
  void registry_hearsOfEachReplicasZone() throws Exception {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "m");
    for (String zone : List.of("z1", "z2", "")) {
      try (FakeRegistry registry = new FakeRegistry();
          RunningReplica replica =
              RunningReplica.started(
                  models,
                  "--eureka.client.service-url.defaultZone=" + registry.url(),
                  "--fleet.inference.departure-notice=0",
                  "--FLEET_ZONE=" + zone)) {
        replica.awaitReady();
        await().atMost(LONG).until(() -> !registry.registrations().isEmpty());
        // Gateways take an empty one for none (ZonePreferenceTest).
        assertThat(registry.registrations().getFirst().metadata("zone")).isEqualTo(zone);
      }
    }
  }

  private static String last(FakeRegistry registry) {
    return registry.registrations().getLast().metadata("models-ready");
  }

  @Test
  void replica_isNotRegistered_whileNothingIsReady() throws Exception {
    Files.createDirectories(models.resolve("broken").resolve("1"));
    Files.writeString(models.resolve("broken").resolve("1").resolve("model.onnx"), "no model");
    try (FakeRegistry registry = new FakeRegistry();
        RunningReplica replica = startedWith(registry, "0s")) {
      await()
          .atMost(LONG)
          .until(() -> text(replica.post("/v2/repository/index", "")).contains("UNAVAILABLE"));
      assertThat(replica.get("/v2/health/ready").statusCode()).isEqualTo(503);
      assertThat(replica.get("/actuator/health/readiness").statusCode()).isEqualTo(503);
      assertThat(registry.told()).isEmpty();

      TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "broken");
      assertThat(replica.post("/v2/repository/models/broken/load", "").statusCode()).isEqualTo(200);
      await().atMost(LONG).until(() -> !registry.registrations().isEmpty());
      await().atMost(LONG).until(() -> replica.get("/v2/health/ready").statusCode() == 200);
    }
  }

  @Test
  void replica_isReady_onceTheRegistryTookItIn_andStaysSoWithoutIt() throws Exception {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "tiny");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (RunningReplica replica =
        RunningReplica.started(
            models,
            "--eureka.client.service-url.defaultZone=http://127.0.0.1:" + port + "/eureka/",
            "--fleet.inference.departure-notice=0s")) {
      await().atMost(LONG).until(() -> replica.get("/v2/models/tiny/ready").statusCode() == 200);
      assertThat(replica.get("/v2/health/ready").statusCode()).isEqualTo(503);
      assertThat(replica.get("/readyz").statusCode()).isEqualTo(503);
      assertThat(replica.get("/livez").statusCode()).isEqualTo(200);
      // Several tries have failed by then.
      await()
          .atMost(LONG)
          .until(() -> text(replica.get("/actuator/health")).contains("not taken in: "));

      try (FakeRegistry registry = new FakeRegistry(port)) {
        await().atMost(LONG).until(() -> replica.get("/v2/health/ready").statusCode() == 200);
        assertThat(registry.registrations()).isNotEmpty();
        assertThat(replica.get("/readyz").statusCode()).isEqualTo(200);
      }
      await()
          .during(Duration.ofSeconds(3))
          .atMost(LONG)
          .until(() -> replica.get("/v2/health/ready").statusCode() == 200);
    }
  }

  @Test
  void stop_letsAcceptedRequestsFinish() throws Exception {
    TinyModel.loop().writeTo(models, "loop");
    RunningReplica replica = RunningReplica.serving(models);
    int port = replica.port();
    try {
      CompletableFuture<HttpResponse<byte[]>> accepted = loop(replica, 200_000);
      await().atMost(LONG).until(() -> used(replica) > 0);
      CompletableFuture<Void> stop = CompletableFuture.runAsync(replica.context()::close);
      assertThat(accepted.join().statusCode()).isEqualTo(200);
      stop.join();
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
          .isInstanceOf(IOException.class);
    } finally {
      replica.close();
    }
  }

  @Test
  void request_isCancelled_whenItsClientGoesAwayWhileItWaits() throws Exception {
    TinyModel.loop().writeTo(models, "loop");
    Files.writeString(
        models.resolve("loop").resolve("config.pbtxt"), "instance_group [ { count: 1 } ]");
    try (RunningReplica replica =
        RunningReplica.serving(models, "--fleet.inference.drain-timeout=100ms")) {
      CompletableFuture<HttpResponse<byte[]>> running = loop(replica, 1_000_000_000);
      await().atMost(LONG).until(() -> used(replica) > 0);
      long before = used(replica);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), replica.port())) {
        String body = loopBody(1);
        String request = "POST " + LOOP + " HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s";
        socket
            .getOutputStream()
            .write(request.formatted(body.length(), body).getBytes(StandardCharsets.UTF_8));
        await().atMost(LONG).until(() -> used(replica) > before);
      }
      await().atMost(LONG).until(() -> used(replica) == before);
      assertThat(running).isNotDone();
      assertThat(
              json(replica.get("/v2/models/loop/stats"))
                  .at("/model_stats/0/inference_stats/fail/count")
                  .asInt())
          .isEqualTo(1);
    }
  }

  private RunningReplica startedWith(FakeRegistry registry, String departureNotice) {
    return RunningReplica.started(
        models,
        "--eureka.client.service-url.defaultZone=" + registry.url(),
        "--fleet.inference.departure-notice=" + departureNotice);
  }

  private static long used(RunningReplica replica) {
    return replica.context().getBean(InferenceEngine.class).bufferPool().usage().buffersInUse();
  }

  private static CompletableFuture<HttpResponse<byte[]>> loop(RunningReplica replica, int rounds) {
    return replica
        .client()
        .sendAsync(
            replica.request(LOOP).POST(BodyPublishers.ofString(loopBody(rounds))).build(),
            BodyHandlers.ofByteArray());
  }

  private static String loopBody(int rounds) {
    return """
        {"inputs":[
          {"name":"n","shape":[],"datatype":"INT64","data":[%d]},
          {"name":"going","shape":[],"datatype":"BOOL","data":[true]},
          {"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"""
        .formatted(rounds);
  }
}
