package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.contract.api.Server;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;

/** Requests that can wait, as the gateway hands them to a job service. */
class AsyncCallsIT {

  private static final String TEXT = "a-secret-of-this-test-only-0123456789";
  private static final FleetSecret SECRET = FleetSecret.of(TEXT);
  private static final String INFER = "/v2/models/m/infer";
  private static final String[] ASYNC = {"Prefer", "respond-async, wait=1"};

  @TempDir Path folder;

  /** Accepts everything, and remembers it; holds what waits. */
  private static final class FakeJobs implements AutoCloseable {

    record Received(String method, String uri, String body, Map<String, String> headers) {}

    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final Sinks.Empty<Void> held = Sinks.empty();
    private final CountDownLatch waiting;
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
                                      headers(request.requestHeaders())));
                              return ready(request.uri())
                                  .then(
                                      response
                                          .status(202)
                                          .header("Location", "/v1/jobs/job_x")
                                          .header("Preference-Applied", "respond-async")
                                          .sendString(Mono.just("{\"object\":\"job\"}"))
                                          .then());
                            }))
            .bindNow();

    /** Says when so many requests wait. */
    FakeJobs(int waits) {
      waiting = new CountDownLatch(waits);
    }

    private Mono<Void> ready(String uri) {
      if (uri.contains("slow")) {
        return held.asMono();
      }
      if (!uri.contains("wait=")) {
        return Mono.empty();
      }
      waiting.countDown();
      return held.asMono();
    }

    private static Map<String, String> headers(io.netty.handler.codec.http.HttpHeaders received) {
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      received.forEach(entry -> headers.put(entry.getKey(), entry.getValue()));
      return headers;
    }

    Received last() {
      return received.getLast();
    }

    @Override
    public void close() {
      held.tryEmitEmpty();
      server.disposeNow();
    }
  }

  private String key(String name, String... options) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<String> all = new ArrayList<>(List.of(name, "--file", keys().toString()));
    all.addAll(List.of(options));
    int code =
        KeyCommand.run(
            all,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
    assertThat(code).isZero();
    return out.toString(StandardCharsets.UTF_8).strip();
  }

  private Path keys() {
    return folder.resolve("keys");
  }

  private static HttpResponse<String> post(
      RunningGateway gateway, String path, BodyPublisher body, String... headers)
      throws IOException, InterruptedException {
    return gateway.send(gateway.request(path).POST(body).headers(headers));
  }

  private static HttpResponse<String> post(RunningGateway gateway, String path, String... headers)
      throws IOException, InterruptedException {
    return post(gateway, path, BodyPublishers.ofString("{}"), headers);
  }

  private static String[] async(String... more) {
    return Stream.concat(Stream.of(ASYNC), Stream.of(more)).toArray(String[]::new);
  }

  private static void assertAtOnce(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Preference-Applied")).isEmpty();
    assertThat(answer.headers().firstValue("Location")).isEmpty();
  }

  /** Of the table: a call that is added to it is asked here as well. */
  private static List<String> pathsThatRunAModel() {
    List<String> paths = new ArrayList<>();
    for (ApiCall call : ApiCall.values()) {
      if (call.need() != Need.INFER || call.server() != Server.ONE_REPLICA) {
        continue;
      }
      if (!call.namesModel()) {
        paths.add(call.path());
        continue;
      }
      paths.add(call.path("m", null));
      paths.add(call.path("a/b c", null) + "?x=%26y");
      if (call.versionTemplate() != null) {
        paths.add(call.path("m", "1"));
      }
    }
    assertThat(paths).contains(INFER, "/v2/models/a%2Fb%20c/infer?x=%26y", "/v1/embeddings");
    return paths;
  }

  @Test
  void preferred_isAJob_onEachPathThatRunsAModel() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.secret=" + TEXT);
        FakeJobs jobs = new FakeJobs(0);
        FakeReplica replica = FakeReplica.answering("one", "{}")) {
      gateway.register(replica, "m:1");
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      for (String path : pathsThatRunAModel()) {
        HttpResponse<String> answer =
            post(
                gateway,
                path,
                async(
                    "Idempotency-Key",
                    "k",
                    "Inference-Header-Content-Length",
                    "2",
                    HeaderNames.OWNER,
                    WorkOwner.named("key:mallory").write()));
        assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(202);
        assertThat(answer.headers().firstValue("Location")).contains("/v1/jobs/job_x");
        assertThat(answer.headers().firstValue("Preference-Applied")).contains("respond-async");
        FakeJobs.Received received = jobs.last();
        String uri = "/v1/jobs?call=" + URLEncoder.encode(path, StandardCharsets.UTF_8);
        assertThat(received.method() + received.uri()).isEqualTo("POST" + uri);
        assertThat(received.body()).isEqualTo("{}");
        assertThat(received.headers())
            .containsEntry("Idempotency-Key", "k")
            .containsEntry("Inference-Header-Content-Length", "2");
        String owner = WorkOwner.named(WorkOwner.ANYBODY).write();
        assertThat(received.headers()).containsEntry(HeaderNames.OWNER, owner);
        // Which path it is stands under the signature too.
        assertThat(
                SECRET.complaint(
                    received.headers().get(HeaderNames.SIGNATURE),
                    "POST",
                    uri,
                    owner,
                    ("127.0.0.1:" + jobs.server.port())::equals,
                    System.currentTimeMillis()))
            .isNull();
      }
      assertThat(replica.received()).isEmpty();
    }
  }

  @Test
  void whatIsNoJob_isAnsweredAtOnce_withoutSayingOtherwise() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeJobs jobs = new FakeJobs(0);
        FakeReplica replica = FakeReplica.answering("one", "{}")) {
      gateway.register(replica, "m:1");
      assertAtOnce(post(gateway, INFER, ASYNC));
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      assertAtOnce(post(gateway, INFER, "Prefer", "return=minimal"));
      assertAtOnce(gateway.send(gateway.request("/v2/models/m/ready").headers(ASYNC)));
      assertAtOnce(gateway.send(gateway.request("/v1/embeddings?model=m&input=a").headers(ASYNC)));
      assertThat(jobs.received).isEmpty();
      assertThat(post(gateway, INFER, ASYNC).statusCode()).isEqualTo(202);
    }
  }

  @Test
  void withCredentialsAndNoSecret_itIsAnsweredAtOnce() throws Exception {
    String key = key("alice", "--scope", "infer,jobs");
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.security.keys=" + keys());
        FakeJobs jobs = new FakeJobs(0);
        FakeReplica replica = FakeReplica.answering("one", "{}")) {
      gateway.register(replica, "m:1");
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      assertAtOnce(post(gateway, INFER, async("Authorization", "Bearer " + key)));
      assertThat(jobs.received).isEmpty();
    }
  }

  @Test
  void jobs_needTheirScope_andThatOfWhatIsAsked() throws Exception {
    String alice = key("alice", "--scope", "infer,jobs", "--models", "m");
    String infer = key("infer", "--models", "m");
    String onlyJobs = key("jobs", "--scope", "jobs");
    String root = key("root", "--scope", "admin");
    try (RunningGateway gateway =
            new RunningGateway("fleet.secret=" + TEXT, "fleet.gateway.security.keys=" + keys());
        FakeJobs jobs = new FakeJobs(0)) {
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      for (String wrong : List.of(infer, onlyJobs, root)) {
        HttpResponse<String> refused =
            post(gateway, INFER, async("Authorization", "Bearer " + wrong));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(
                post(gateway, "/v1/embeddings", async("Authorization", "Bearer " + wrong))
                    .statusCode())
            .isEqualTo(403);
      }
      assertThat(
              post(gateway, "/v2/models/n/infer", async("Authorization", "Bearer " + alice))
                  .statusCode())
          .isEqualTo(403);
      assertThat(jobs.received).isEmpty();
      assertThat(post(gateway, INFER, async("Authorization", "Bearer " + alice)).statusCode())
          .isEqualTo(202);
      assertThat(
              WorkOwner.read(String.valueOf(jobs.last().headers().get(HeaderNames.OWNER))).name())
          .isEqualTo("key:alice");
      assertThat(jobs.last().headers()).doesNotContainKey("Authorization");
      for (String method : List.of("GET", "DELETE")) {
        for (String allowed : List.of(alice, onlyJobs, root)) {
          HttpRequest.Builder request =
              gateway
                  .request("/v1/jobs/job_x")
                  .method(method, BodyPublishers.noBody())
                  .header("Authorization", "Bearer " + allowed);
          assertThat(gateway.send(request).statusCode()).isEqualTo(202);
          assertThat(jobs.last().method() + jobs.last().uri()).isEqualTo(method + "/v1/jobs/job_x");
        }
        HttpRequest.Builder request =
            gateway
                .request("/v1/jobs/job_x")
                .method(method, BodyPublishers.noBody())
                .header("Authorization", "Bearer " + infer);
        assertThat(gateway.send(request).statusCode()).isEqualTo(403);
      }
    }
  }

  @Test
  void tooLarge_isRefused_howeverItComes() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.admission.max-body-size=1KB");
        FakeJobs jobs = new FakeJobs(0)) {
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      byte[] large = new byte[1025];
      assertThat(post(gateway, INFER, BodyPublishers.ofByteArray(large), ASYNC).statusCode())
          .isEqualTo(413);
      BodyPublisher chunked = BodyPublishers.ofByteArrays(List.of(new byte[1024], new byte[1]));
      assertThat(post(gateway, INFER, chunked, ASYNC).statusCode()).isEqualTo(413);
      assertThat(jobs.received).isEmpty();
      BodyPublisher fits = BodyPublishers.ofByteArrays(List.of(new byte[1000], new byte[24]));
      assertThat(post(gateway, INFER, fits, ASYNC).statusCode()).isEqualTo(202);
      assertThat(jobs.last().body()).hasSize(1024);
    }
  }

  @Test
  void jobs_areMadeByTheGatewayAlone() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeJobs jobs = new FakeJobs(0)) {
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      assertThat(post(gateway, "/v1/jobs?call=%2Fv1%2Fembeddings", "a", "b").statusCode())
          .isEqualTo(404);
      assertThat(gateway.get("/v1/jobs").statusCode()).isEqualTo(404);
      assertThat(jobs.received).isEmpty();
    }
  }

  /** Who waits keeps nobody else from asking, and is not cut off by the usual time. */
  @Test
  void waits_haveAShareOfTheirOwn() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.jobs.max-requests=1",
                "fleet.gateway.jobs.max-waits=2",
                "fleet.gateway.jobs.timeout=1s");
        FakeJobs jobs = new FakeJobs(2)) {
      gateway.registry().registerAs("job-service", "jobs", jobs.server.port());
      List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
      for (int caller = 0; caller < 2; caller++) {
        waiting.add(gateway.sendLater(gateway.request("/v1/jobs/job_x/result?wait=60")));
      }
      jobs.waiting.await();
      assertThat(gateway.get("/v1/jobs/job_x/result?wait=60").statusCode()).isEqualTo(429);
      assertThat(gateway.get("/v1/jobs/job_x/result?%77ait=60").statusCode()).isEqualTo(429);
      assertThat(gateway.get("/v1/jobs/job_x").statusCode()).isEqualTo(202);
      assertThat(gateway.get("/v1/jobs/job_x/result").statusCode()).isEqualTo(202);
      // Takes as long as a request may that does not ask to be held.
      assertThat(gateway.get("/v1/jobs/slow").statusCode()).isEqualTo(503);
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      jobs.held.tryEmitEmpty();
      for (CompletableFuture<HttpResponse<String>> each : waiting) {
        assertThat(each.get().statusCode()).isEqualTo(202);
      }
    }
  }
}
