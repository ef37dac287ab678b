package io.onnxfleet.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Single requests that can wait, in the real process. */
class SingleRequestsIT extends RealJobService {
  private static final String JSON = "application/json";

  private static JobCalls.Answer ask(JobCalls calls, String body, String... headers)
      throws IOException, InterruptedException {
    return calls.send("POST", path("/v1/embeddings"), body.getBytes(UTF_8), JSON, headers);
  }

  private static String path(String target) {
    return "/v1/jobs?call=" + URLEncoder.encode(target, UTF_8);
  }

  /** The id of a new job. */
  private static String job(JobCalls calls, String input, String... headers)
      throws IOException, InterruptedException {
    JobCalls.Answer answer = ask(calls, body(input), headers);
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    String id = answer.json().path("id").asString();
    assertThat(header(answer, "Location")).isEqualTo("/v1/jobs/" + id);
    assertThat(header(answer, "Preference-Applied")).isEqualTo("respond-async");
    return id;
  }

  private static String body(String input) {
    return "{\"input\":\"" + input + "\"}";
  }

  private static String header(JobCalls.Answer answer, String name) {
    return answer.whole().headers().firstValue(name).orElse("");
  }

  private static JobCalls.Answer result(JobCalls calls, String id)
      throws IOException, InterruptedException {
    return calls.get("/v1/jobs/" + id + "/result?wait=60");
  }

  private static String status(JobCalls calls, String id) throws IOException, InterruptedException {
    JobCalls.Answer answer = calls.get("/v1/jobs/" + id);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().path("status").asString();
  }

  private long objects() {
    long count = 0;
    for (String name : List.of("objects", "incoming")) {
      try (Stream<Path> files = Files.walk(directory.resolve(name))) {
        count += files.filter(Files::isRegularFile).filter(file -> !file.endsWith("mark")).count();
      } catch (IOException | UncheckedIOException changing) {
        return -1;
      }
    }
    return count;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void accepted_isAnswered_howeverSoonTheProcessIsKilled() throws Exception {
    killedAfterEach();
  }

  @Test
  void accepted_isAnswered_onPostgreSqlToo() throws Exception {
    killedAfterEach(onPostgreSql());
  }

  /** Right after the 202, or once the gateway was asked; every second one has its key again. */
  private void killedAfterEach(String... arguments) throws Exception {
    String given = System.getProperty("test.seed", "");
    long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
    System.out.println("test.seed=" + seed);
    Random random = new Random(seed);
    gateway.answering(body -> new FakeGateway.Said(503, "{}", "Retry-After", "1"));
    Running jobs = startJobs(arguments);
    Map<String, String> accepted = new ConcurrentHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      String input = "round" + round;
      int before = gateway.asked();
      String id = job(of(jobs), input, "Idempotency-Key", input);
      if (random.nextBoolean()) {
        processes.await("a try", () -> gateway.asked() > before);
      }
      jobs = again(jobs);
      if (round % 2 == 0) {
        assertThat(job(of(jobs), input, "Idempotency-Key", input)).isEqualTo(id);
      }
      accepted.put(id, input);
    }
    gateway.answering(FakeGateway::echo);
    assertThat(accepted).hasSize(ROUNDS);
    for (Map.Entry<String, String> each : accepted.entrySet()) {
      JobCalls.Answer answer = result(of(jobs), each.getKey());
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.json().at("/echo/input").asString()).isEqualTo(each.getValue());
    }
    // What was asked is not kept once it is answered, and no object is nobody's.
    processes.await("one object for each answer", () -> objects() == ROUNDS);
  }

  @Test
  void answer_comesAsItCame_andTheRequestWentAsItWas() throws Exception {
    byte[] sent = new byte[300_000];
    byte[] told = new byte[200_001];
    new Random(1).nextBytes(sent);
    new Random(2).nextBytes(told);
    AtomicReference<Headers> heads = new AtomicReference<>(new Headers());
    AtomicReference<String> target = new AtomicReference<>("");
    AtomicReference<byte[]> received = new AtomicReference<>();
    gateway.answeringAsItIs(
        exchange -> {
          heads.set(exchange.getRequestHeaders());
          target.set(exchange.getRequestURI().toString());
          received.set(exchange.getRequestBody().readAllBytes());
          exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
          exchange.getResponseHeaders().set("Inference-Header-Content-Length", "77");
          exchange.getResponseHeaders().set("Inference-Content", "abc");
          exchange.getResponseHeaders().set("Inference-Units", "rows=1");
          exchange.getResponseHeaders().set("Set-Cookie", "a=b");
          exchange.sendResponseHeaders(422, told.length);
          exchange.getResponseBody().write(told);
        });
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    JobCalls.Answer taken =
        calls.send(
            "POST",
            path("/v2/models/a%20b/infer?x=y"),
            sent,
            "application/octet-stream",
            "Inference-Header-Content-Length",
            "55",
            "Content-Encoding",
            "gzip",
            "Accept",
            "application/octet-stream",
            "Accept-Encoding",
            "gzip",
            "Idempotency-Key",
            "k",
            "Prefer",
            "respond-async");
    assertThat(taken.status()).as(taken.text()).isEqualTo(202);
    JobCalls.Answer answer = result(calls, taken.json().path("id").asString());
    assertThat(target).hasValue("/v2/models/a%20b/infer?x=y");
    assertThat(received.get()).isEqualTo(sent);
    Headers head = Objects.requireNonNull(heads.get());
    assertThat(head.getFirst("Content-Type")).isEqualTo("application/octet-stream");
    assertThat(head.getFirst("Content-Encoding")).isEqualTo("gzip");
    assertThat(head.getFirst("Inference-Header-Content-Length")).isEqualTo("55");
    assertThat(head.getFirst("Accept")).isEqualTo("application/octet-stream");
    assertThat(head).doesNotContainKeys("Accept-encoding", "Idempotency-key", "Prefer");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.whole().body()).isEqualTo(told);
    assertThat(header(answer, "Content-Type")).isEqualTo("application/octet-stream");
    assertThat(header(answer, "Inference-Header-Content-Length")).isEqualTo("77");
    assertThat(header(answer, "Inference-Content")).isEqualTo("abc");
    assertThat(header(answer, "Job-Status")).isEqualTo("completed");
    // Who asks for it is charged no second time.
    assertThat(header(answer, "Inference-Units") + header(answer, "Set-Cookie")).isEmpty();
    assertThat(
            calls
                .get("/v1/jobs/" + taken.json().path("id").asString())
                .json()
                .at("/result/bytes")
                .asInt())
        .isEqualTo(told.length);
  }

  @Test
  void result_isHeldWithoutAThread() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          awaitQuietly(held);
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--server.tomcat.threads.max=3");
    JobCalls calls = of(jobs);
    String id = job(calls, "a");
    int callers = 20;
    List<CompletableFuture<JobCalls.Answer>> waiting = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < callers; caller++) {
        waiting.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return result(calls, id);
                  } catch (IOException | InterruptedException failed) {
                    throw new IllegalStateException(failed);
                  }
                },
                threads));
      }
      processes.await("the job begins", () -> gateway.asked() == 1);
      JobCalls.Answer late = calls.get("/v1/jobs/" + id + "/result?wait=1");
      assertThat(late.status()).isEqualTo(202);
      assertThat(header(late, "Retry-After")).isEqualTo("1");
      assertThat(header(late, "Job-Status")).isEqualTo("in_progress");
      assertThat(late.json().path("object").asString()).isEqualTo("job");
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      held.countDown();
      for (CompletableFuture<JobCalls.Answer> each : waiting) {
        assertThat(each.get().status()).isEqualTo(200);
      }
    }
    for (String wrong : List.of("61", "-1", "x", "")) {
      assertThat(calls.get("/v1/jobs/" + id + "/result?wait=" + wrong).status()).isEqualTo(400);
    }
  }

  @Test
  void key_isTheSameJob_andOfOneRequestOnly() throws Exception {
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    String id = job(calls, "a", "Idempotency-Key", "k");
    result(calls, id);
    assertThat(job(calls, "a", "Idempotency-Key", "k")).isEqualTo(id);
    JobCalls.Answer other = ask(calls, body("b"), "Idempotency-Key", "k");
    assertThat(other.status()).isEqualTo(422);
    assertThat(other.json().at("/error/code").asString()).isEqualTo("idempotency_key_reused");
    JobCalls.Answer otherPath =
        calls.send(
            "POST",
            path("/v2/models/m/infer"),
            body("a").getBytes(UTF_8),
            JSON,
            "Idempotency-Key",
            "k");
    assertThat(otherPath.status()).isEqualTo(422);
    assertThat(otherPath.json().path("error").isString()).isTrue();
    JobCalls bob = new JobCalls(jobs.base(), WorkOwner.named("key:bob").write());
    assertThat(job(bob, "b", "Idempotency-Key", "k")).isNotEqualTo(id);
    assertThat(ask(calls, body("a"), "Idempotency-Key", "k".repeat(256)).status()).isEqualTo(400);
    assertThat(gateway.asked()).isBetween(1, 2);
  }

  @Test
  void cancelled_isNotAskedAgain_andTheNextOneIs() throws Exception {
    gateway.answering(
        body ->
            body.path("input").asString().equals("a")
                ? new FakeGateway.Said(503, "{}", "Retry-After", "1")
                : FakeGateway.echo(body));
    Running jobs = startJobs("--fleet.jobs.concurrent-jobs=1");
    JobCalls calls = of(jobs);
    String id = job(calls, "a");
    String next = job(calls, "b");
    processes.await("a try", () -> gateway.asked() > 0);
    assertThat(calls.get("/v1/jobs/" + next).json().path("position").asInt(-1)).isZero();
    JobCalls.Answer cancelled = calls.delete("/v1/jobs/" + id);
    assertThat(cancelled.status()).isEqualTo(200);
    assertThat(cancelled.json().path("status").asString()).isEqualTo("cancelled");
    assertThat(result(calls, next).status()).isEqualTo(200);
    JobCalls.Answer none = result(calls, id);
    assertThat(none.status()).isEqualTo(409);
    assertThat(header(none, "Job-Status")).isEqualTo("cancelled");
    assertThat(calls.delete("/v1/jobs/" + id).status()).isEqualTo(200);
    assertThat(calls.delete("/v1/jobs/" + next).status()).isEqualTo(409);
    processes.await("one answer is kept", () -> objects() == 1);
  }

  @Test
  void whoseRequestsOnlyWait_keepNobodyElseFromTheirs() throws Exception {
    gateway.answering(
        body ->
            body.path("input").asString().startsWith("n")
                ? new FakeGateway.Said(429, "{}", "Retry-After", "1")
                : FakeGateway.echo(body));
    Running jobs = startJobs("--fleet.jobs.concurrent-jobs=4");
    for (String owner : List.of("key:alice", "key:bob")) {
      JobCalls calls = new JobCalls(jobs.base(), WorkOwner.named(owner).write());
      job(calls, "n1");
      job(calls, "n2");
    }
    processes.await("they wait", () -> gateway.asked() > 3);
    JobCalls carol = new JobCalls(jobs.base(), WorkOwner.named("key:carol").write());
    assertThat(result(carol, job(carol, "a")).status()).isEqualTo(200);
  }

  @Test
  void cancelledButUnderWay_countsAmongItsOwners() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          if (body.path("input").asString().startsWith("n")) {
            awaitQuietly(held);
          }
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.concurrent-jobs=2");
    JobCalls alice = new JobCalls(jobs.base(), WorkOwner.named("key:alice").write());
    String first = job(alice, "n1");
    processes.await("the first one is asked", () -> gateway.asked() == 1);
    alice.delete("/v1/jobs/" + first);
    String second = job(alice, "n2");
    JobCalls bob = new JobCalls(jobs.base(), WorkOwner.named("key:bob").write());
    assertThat(result(bob, job(bob, "a")).status()).isEqualTo(200);
    assertThat(status(alice, second)).isEqualTo("queued");
    held.countDown();
    assertThat(result(alice, second).status()).isEqualTo(200);
  }

  @Test
  void requestThatTheStoreHasLost_fails_andSaysWhy() throws Exception {
    gateway.answering(body -> new FakeGateway.Said(503, "{}", "Retry-After", "1"));
    Running jobs = startJobs();
    String id = job(of(jobs), "a");
    jobs.kill();
    jobs.awaitEnd();
    try (Stream<Path> files = Files.walk(directory.resolve("objects"))) {
      for (Path file :
          files.filter(Files::isRegularFile).filter(file -> !file.endsWith("mark")).toList()) {
        Files.delete(file);
      }
    }
    Running next = processes.startAgain(jobs);
    processes.awaitOk(next, "/readyz");
    assertThat(result(of(next), id).status()).isEqualTo(409);
    assertThat(of(next).get("/v1/jobs/" + id).json().at("/error/code").asString())
        .isEqualTo("input_lost");
  }

  @Test
  void expired_endsWhereThereIsNoRoomToo() throws Exception {
    gateway.answering(body -> new FakeGateway.Said(503, "{}", "Retry-After", "1"));
    Running jobs = startJobs("--fleet.jobs.job-window=5s");
    String id = job(of(jobs), "a");
    jobs.kill();
    jobs.awaitEnd();
    Running full = startJobs(ROOM + "1000TB");
    assertThat(header(result(of(full), id), "Job-Status")).isEqualTo("expired");
    processes.await("its request is gone", () -> objects() == 0);
  }

  @Test
  void job_doesNotWaitForSlices() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          if (body.path("input").asString().startsWith("n")) {
            awaitQuietly(held);
          }
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.concurrent-slices=1", "--fleet.jobs.concurrent-lines=1");
    JobCalls calls = of(jobs);
    String batch = calls.batch(calls.upload(JobCalls.line("n0") + JobCalls.line("n1")));
    processes.await("a line under way", () -> gateway.asked() == 1);
    assertThat(result(calls, job(calls, "a")).status()).isEqualTo(200);
    assertThat(calls.batchNow(batch).path("status").asString()).isEqualTo("in_progress");
    held.countDown();
  }

  @Test
  void whatHasNoAnswer_saysWhy() throws Exception {
    gateway.answering(
        body ->
            switch (body.path("input").asString()) {
              case "revoked" ->
                  FakeGateway.Said.of(
                      401,
                      "{\"error\":{\"message\":\"key:a: not known any"
                          + " more\",\"code\":\"credentials_invalid\"}}");
              case "large" -> FakeGateway.Said.of(200, "x".repeat(2000));
              case "broken" -> FakeGateway.Said.of(500, "{\"error\":\"broken\"}");
              default -> new FakeGateway.Said(503, "{}", "Retry-After", "1");
            });
    Running jobs =
        startJobs(
            "--fleet.jobs.max-answer-size=1000B",
            "--fleet.jobs.max-tries=2",
            "--fleet.jobs.credentials-patience=0s",
            "--fleet.jobs.job-window=2s");
    JobCalls calls = of(jobs);
    String revoked = job(calls, "revoked");
    JobCalls.Answer refused = result(calls, revoked);
    assertThat(refused.status()).isEqualTo(409);
    assertThat(header(refused, "Job-Status")).isEqualTo("failed");
    assertThat(refused.json().at("/error/message").asString())
        .contains("key:a: not known any more");
    JsonNode failed = calls.get("/v1/jobs/" + revoked).json();
    assertThat(failed.at("/error/code").asString()).isEqualTo("credentials_invalid");
    assertThat(failed.path("result").isNull()).isTrue();
    String large = job(calls, "large");
    assertThat(result(calls, large).status()).isEqualTo(409);
    assertThat(calls.get("/v1/jobs/" + large).json().at("/error/code").asString())
        .isEqualTo("unusable_answer");
    String late = job(calls, "late");
    assertThat(header(result(calls, late), "Job-Status")).isEqualTo("expired");
    JobCalls.Answer broken = result(calls, job(calls, "broken"));
    assertThat(broken.status()).isEqualTo(500);
    assertThat(header(broken, "Job-Status")).isEqualTo("completed");
    processes.await("one answer is kept", () -> objects() == 1);
  }

  @Test
  void requests_areRefusedWithTheReason_andLeaveNothing() throws Exception {
    Running jobs = startJobs("--fleet.jobs.max-request-size=1000B");
    JobCalls calls = of(jobs);
    for (String target :
        List.of(
            "",
            "v1/embeddings",
            "/v1/files",
            "/v2/models/m/ready",
            "http://other/v1/embeddings",
            "/v1/embeddings#x y",
            "/v2/models/\u00e4/infer")) {
      JobCalls.Answer refused = calls.send("POST", path(target), new byte[] {1}, JSON);
      assertThat(refused.status()).as(target + refused.text()).isEqualTo(400);
    }
    assertThat(calls.post("/v1/jobs", "{}").status()).isEqualTo(400);
    assertThat(ask(calls, "x".repeat(1001)).status()).isEqualTo(413);
    assertThat(objects()).isZero();
    assertThat(gateway.asked()).isZero();
    // What calls itself a form is read as it is, too.
    JobCalls.Answer form =
        calls.send(
            "POST",
            path("/v1/embeddings"),
            body("a").getBytes(UTF_8),
            "application/x-www-form-urlencoded");
    assertThat(form.status()).as(form.text()).isEqualTo(202);
    assertThat(result(calls, form.json().path("id").asString()).json().at("/echo/input").asString())
        .isEqualTo("a");
  }

  @Test
  void answerThatTheStoreHasLost_isNotTheCallersFault() throws Exception {
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    String id = job(calls, "a");
    assertThat(result(calls, id).status()).isEqualTo(200);
    processes.await("one answer is kept", () -> objects() == 1);
    try (Stream<Path> files = Files.walk(directory.resolve("objects"))) {
      for (Path file :
          files.filter(Files::isRegularFile).filter(file -> !file.endsWith("mark")).toList()) {
        Files.delete(file);
      }
    }
    JobCalls.Answer lost = result(calls, id);
    assertThat(lost.status()).as(lost.text()).isEqualTo(500);
    assertThat(lost.json().at("/error/message").asString()).doesNotContain("body ended");
  }

  @Test
  void others_findNothing_andAdministratorsAll() throws Exception {
    Running jobs = startJobs();
    JobCalls alice = new JobCalls(jobs.base(), WorkOwner.named("key:alice").write());
    JobCalls bob = new JobCalls(jobs.base(), WorkOwner.named("key:bob").write());
    JobCalls admin =
        new JobCalls(
            jobs.base(),
            new WorkOwner("key:root", true, List.of(), List.of(), 0, List.of(0L, 0L, 0L, 0L))
                .write());
    String id = job(alice, "a");
    assertThat(result(alice, id).status()).isEqualTo(200);
    for (String path : List.of("/v1/jobs/" + id, "/v1/jobs/" + id + "/result?wait=60")) {
      assertThat(admin.get(path).status()).as(path).isEqualTo(200);
      assertThat(bob.get(path).status()).as(path).isEqualTo(404);
    }
    assertThat(bob.delete("/v1/jobs/" + id).status()).isEqualTo(404);
    assertThat(bob.get("/v1/jobs/job_x").status()).isEqualTo(404);
    assertThat(status(alice, id)).isEqualTo("completed");
  }
}
