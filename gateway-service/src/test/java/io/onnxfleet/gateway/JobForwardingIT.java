package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;

/** What the gateway tells a job service, and what it believes one. */
class JobForwardingIT {

  private static final String TEXT = "a-secret-of-this-test-only-0123456789";
  private static final FleetSecret SECRET = FleetSecret.of(TEXT);
  private static final String INFER = "/v2/models/m/infer";

  @TempDir Path folder;

  /** Answers everything with what it was asked, and remembers it. */
  private static final class FakeJobs implements AutoCloseable {

    record Received(
        String method, String uri, String body, List<String> owners, List<String> signatures) {}

    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final DisposableServer server =
        LocalServer.onAnyPort()
            .handle(
                (request, response) ->
                    request
                        .receive()
                        .aggregate()
                        .asString()
                        .defaultIfEmpty("")
                        .flatMap(
                            body -> {
                              received.add(
                                  new Received(
                                      request.method().name(),
                                      request.uri(),
                                      body,
                                      request.requestHeaders().getAll(HeaderNames.OWNER),
                                      request.requestHeaders().getAll(HeaderNames.SIGNATURE)));
                              return response
                                  .status(request.uri().contains("missing") ? 404 : 200)
                                  .header("Inference-Ignored", "x")
                                  .sendString(Mono.just("{\"length\":" + body.length() + "}"))
                                  .then();
                            }))
            .bindNow();

    int port() {
      return server.port();
    }

    Received last() {
      return received.getLast();
    }

    @Override
    public void close() {
      server.disposeNow();
    }
  }

  private String key(String name, String... options) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String[] all =
        Arrays.copyOf(new String[] {name, "--file", keys().toString()}, 3 + options.length);
    System.arraycopy(options, 0, all, 3, options.length);
    int code =
        KeyCommand.run(
            List.of(all),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
    assertThat(code).isZero();
    return out.toString(StandardCharsets.UTF_8).strip();
  }

  private Path keys() {
    return folder.resolve("keys");
  }

  private static HttpResponse<String> send(
      RunningGateway gateway, String method, String path, String body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        gateway
            .request(path)
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return gateway.send(request);
  }

  @Test
  void withoutAJobService_itsPathsSayWhy_andAllElseWorks() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeReplica replica = FakeReplica.answering("one", "{}")) {
      gateway.register(replica, "m:1");
      for (String path : List.of("/v1/files", "/v1/batches", "/v1/batches/batch_x")) {
        HttpResponse<String> answer = gateway.get(path);
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).contains("no job service is registered");
        assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      }
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);
      gateway.registry().registerAs("job-service", "gone", 1);
      HttpResponse<String> unreachable = gateway.get("/v1/files");
      assertThat(unreachable.statusCode()).isEqualTo(503);
      assertThat(unreachable.body()).contains("cannot be reached");
    }
  }

  @Test
  void calls_goThroughAsTheyAre_andTheirOwnerIsWhoTheGatewaySays() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.secret=" + TEXT,
                "fleet.gateway.admission.max-body-size=1KB",
                "fleet.gateway.routing.deadline=5s");
        FakeJobs jobs = new FakeJobs()) {
      gateway.registry().registerAs("job-service", "jobs", jobs.port());
      String large = "x".repeat(300_000);
      HttpResponse<String> uploaded =
          send(
              gateway,
              "POST",
              "/v1/files",
              large,
              "Content-Type",
              "multipart/form-data; boundary=b",
              HeaderNames.OWNER,
              WorkOwner.named("key:mallory").write());
      assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(200);
      assertThat(uploaded.body()).isEqualTo("{\"length\":300000}");
      assertThat(uploaded.headers().firstValue("Inference-Ignored")).contains("x");
      FakeJobs.Received received = jobs.last();
      assertThat(received.body()).isEqualTo(large);
      String owner = WorkOwner.named(WorkOwner.ANYBODY).write();
      assertThat(received.owners()).containsExactly(owner);
      assertThat(received.signatures()).hasSize(1);
      assertThat(
              SECRET.complaint(
                  received.signatures().getFirst(),
                  "POST",
                  "/v1/files",
                  owner,
                  ("127.0.0.1:" + jobs.port())::equals,
                  System.currentTimeMillis()))
          .isNull();
      assertThat(gateway.get("/v1/files/missing?a=b%20c").statusCode()).isEqualTo(404);
      assertThat(jobs.last().uri()).isEqualTo("/v1/files/missing?a=b%20c");
      assertThat(send(gateway, "POST", "/v1/batches/batch_x/cancel", "").statusCode())
          .isEqualTo(200);
      assertThat(send(gateway, "DELETE", "/v1/files/file-x/", "").statusCode()).isEqualTo(200);
      assertThat(jobs.last().method() + jobs.last().uri()).isEqualTo("DELETE/v1/files/file-x");
    }
  }

  /** As one whose node has vanished: its connection stays, and nothing comes. */
  @Test
  void placeOfADownload_isFree_onceTheJobServiceSaysNothingMore() throws Exception {
    DisposableServer silent =
        LocalServer.onAnyPort()
            .handle(
                (request, response) ->
                    request.uri().endsWith("/content")
                        ? response
                            .header("Content-Length", "100")
                            .sendString(Flux.concat(Mono.just("begun"), Mono.never()))
                        : response.sendString(Mono.just("{}")))
            .bindNow();
    try (RunningGateway gateway =
        new RunningGateway(
            "fleet.gateway.jobs.max-requests=1", "fleet.gateway.jobs.timeout=200ms")) {
      gateway.registry().registerAs("job-service", "silent", silent.port());
      CompletableFuture<HttpResponse<String>> download =
          gateway.sendLater(gateway.request("/v1/files/file-x/content"));
      assertThatThrownBy(() -> download.get(1, TimeUnit.MINUTES))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
      await().until(() -> gateway.get("/v1/files").statusCode() == 200);
    } finally {
      silent.disposeNow();
    }
  }

  @Test
  void owners_areWhoseKeyItIs_andNeedTheScope() throws Exception {
    String alice = key("alice", "--scope", "infer,jobs", "--models", "m");
    String admin = key("root", "--scope", "admin");
    String infer = key("infer");
    try (RunningGateway gateway =
            new RunningGateway("fleet.secret=" + TEXT, "fleet.gateway.security.keys=" + keys());
        FakeJobs jobs = new FakeJobs()) {
      gateway.registry().registerAs("job-service", "jobs", jobs.port());
      assertThat(send(gateway, "POST", "/v1/batches", "{}", bearer(alice)).statusCode())
          .isEqualTo(200);
      WorkOwner owner = WorkOwner.read(jobs.last().owners().getFirst());
      assertThat(owner.name()).isEqualTo("key:alice");
      assertThat(owner.isAdministrator()).isFalse();
      assertThat(owner.models()).containsExactly("m");
      assertThat(send(gateway, "GET", "/v1/batches", "", bearer(admin)).statusCode())
          .isEqualTo(200);
      assertThat(WorkOwner.read(jobs.last().owners().getFirst()).isAdministrator()).isTrue();
      int before = jobs.received.size();
      assertThat(send(gateway, "POST", "/v1/batches", "{}", bearer(admin)).statusCode())
          .isEqualTo(403);
      assertThat(send(gateway, "GET", "/v1/batches", "", bearer(infer)).statusCode())
          .isEqualTo(403);
      assertThat(send(gateway, "GET", "/v1/batches", "").statusCode()).isEqualTo(401);
      assertThat(jobs.received).hasSize(before);
    }
  }

  private static String[] bearer(String key) {
    return new String[] {"Authorization", "Bearer " + key};
  }

  @Test
  void lines_runAsTheirOwner_whileItsKeyIsKnown() throws Exception {
    key("alice", "--scope", "infer,jobs", "--models", "m");
    try (RunningGateway gateway =
            new RunningGateway("fleet.secret=" + TEXT, "fleet.gateway.security.keys=" + keys());
        FakeReplica replica = FakeReplica.answering("one", "{}")) {
      gateway.register(replica, "m:1", "n:1");
      String alice = WorkOwner.named("key:alice").write();
      assertThat(line(gateway, INFER, alice).statusCode()).isEqualTo(200);
      Map<String, String> told = replica.received().getFirst().headers();
      assertThat(told.toString()).contains("key:alice").doesNotContain(HeaderNames.OWNER);
      assertThat(line(gateway, "/v2/models/n/infer", alice).statusCode()).isEqualTo(403);

      HttpResponse<String> nobody = line(gateway, INFER, WorkOwner.named("key:bob").write());
      assertThat(nobody.statusCode()).isEqualTo(401);
      assertThat(nobody.headers().firstValue("WWW-Authenticate").orElse("")).startsWith("Bearer");
      String forged =
          SECRET.sign(
              "POST", "127.0.0.1:" + gateway.port(), INFER, alice, System.currentTimeMillis());
      HttpResponse<String> stranger =
          send(
              gateway,
              "POST",
              INFER,
              "{}",
              HeaderNames.OWNER,
              WorkOwner.named("key:root").write(),
              HeaderNames.SIGNATURE,
              forged);
      assertThat(stranger.statusCode()).isEqualTo(401);
      assertThat(stranger.headers().firstValue("WWW-Authenticate"))
          .contains(HeaderNames.SIGNATURE_SCHEME);
      assertThat(send(gateway, "POST", INFER, "{}", HeaderNames.OWNER, alice).statusCode())
          .isEqualTo(401);

      WorkOwner token =
          new WorkOwner(
              "token:1", false, List.of("infer"), List.of("m"), 1, List.of(0L, 0L, 0L, 0L));
      HttpResponse<String> late = line(gateway, INFER, token.write());
      assertThat(late.statusCode()).isEqualTo(401);
      assertThat(late.body()).contains("expired");

      assertThat(replica.received()).hasSize(1);
      Files.writeString(keys(), "");
      // The file is looked at once a second.
      await()
          .untilAsserted(
              () -> {
                HttpResponse<String> revoked = line(gateway, INFER, alice);
                assertThat(revoked.statusCode()).isEqualTo(401);
                assertThat(revoked.body()).contains("not known any more");
              });
    }
  }

  private static HttpResponse<String> line(RunningGateway gateway, String path, String owner)
      throws IOException, InterruptedException {
    String signature =
        SECRET.sign("POST", "127.0.0.1:" + gateway.port(), path, owner, System.currentTimeMillis());
    return send(
        gateway, "POST", path, "{}", HeaderNames.OWNER, owner, HeaderNames.SIGNATURE, signature);
  }
}
