package io.onnxfleet.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.launcher.process.Ports;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The real process, which is ended as a crash would, over and over. */
class JobServiceIT extends RealJobService {
  private static JobCalls of(Running jobs, WorkOwner owner) {
    return new JobCalls(jobs.base(), owner.write());
  }

  private static String input(int lines) {
    StringBuilder input = new StringBuilder();
    for (int line = 0; line < lines; line++) {
      input.append(JobCalls.line("n" + line));
    }
    return input.toString();
  }

  private List<Path> objects() throws IOException {
    List<Path> found = new ArrayList<>();
    for (String name : List.of("objects", "incoming")) {
      try (Stream<Path> files = Files.walk(directory.resolve(name))) {
        files
            .filter(Files::isRegularFile)
            .filter(file -> !file.endsWith("mark"))
            .forEach(found::add);
      }
    }
    return found;
  }

  @Test
  void whatWasAnswered_isThere_howeverSoonTheProcessIsKilled() throws Exception {
    gateway.answering(body -> new FakeGateway.Said(503, "{}", "Retry-After", "1"));
    Running jobs = startJobs();
    List<String> files = new ArrayList<>();
    List<String> batches = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      String file = of(jobs).upload(JobCalls.line("round" + round));
      if (round % 2 == 0) {
        jobs = again(jobs);
      }
      batches.add(of(jobs).batch(file));
      files.add(file);
      jobs = again(jobs);
    }
    for (int round = 0; round < ROUNDS; round++) {
      assertThat(of(jobs).get("/v1/files/" + files.get(round) + "/content").text())
          .isEqualTo(JobCalls.line("round" + round));
    }
    gateway.answering(FakeGateway::echo);
    for (String batch : batches) {
      JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
      assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("completed");
    }
  }

  @Test
  void eachLine_isInOneFileOnce_whateverIsKilled() throws Exception {
    killedWithin(seed(), 600);
  }

  @Test
  void eachLine_isInOneFileOnce_onPostgreSqlToo() throws Exception {
    killedWithin(seed(), 300, onPostgreSql());
  }

  private static long seed() {
    String given = System.getProperty("test.seed", "");
    long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
    System.out.println("test.seed=" + seed);
    return seed;
  }

  /** Every seventh line is refused, every fifth is answered at the second try only. */
  private void killedWithin(long seed, int lines, String... arguments) throws Exception {
    Set<String> seen = ConcurrentHashMap.newKeySet();
    gateway.answering(
        body -> {
          int number = Integer.parseInt(body.path("input").asString().substring(1));
          if (number % 7 == 0) {
            return FakeGateway.Said.of(400, "{\"error\":\"refused\"}");
          }
          return number % 5 == 0 && seen.add("n" + number)
              ? new FakeGateway.Said(429, "{}", "Retry-After", "0")
              : FakeGateway.echo(body);
        });
    List<String> all = new ArrayList<>(List.of("--fleet.jobs.slice-lines=25"));
    all.addAll(Arrays.asList(arguments));
    Running jobs = startJobs(all.toArray(String[]::new));
    String batch = of(jobs).batch(of(jobs).upload(input(lines)));
    Random random = new Random(seed);
    for (int kill = 0; kill < ROUNDS; kill++) {
      int until = gateway.asked() + 1 + random.nextInt(lines / ROUNDS);
      Running running = jobs;
      processes.await(
          until + " lines asked", () -> gateway.asked() >= until || isOver(running, batch));
      jobs = again(jobs);
    }
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    requireEachOnce(jobs, ended, lines);
  }

  private static boolean isOver(Running jobs, String batch) throws InterruptedException {
    try {
      return of(jobs).batchNow(batch).path("status").asString().equals("completed");
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private void requireEachOnce(Running jobs, JsonNode ended, int lines) throws Exception {
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("completed");
    List<JsonNode> output = of(jobs).lines(ended.path("output_file_id"));
    List<JsonNode> errors = of(jobs).lines(ended.path("error_file_id"));
    List<String> expectedOutput = new ArrayList<>();
    List<String> expectedErrors = new ArrayList<>();
    for (int line = 0; line < lines; line++) {
      (line % 7 == 0 ? expectedErrors : expectedOutput).add("n" + line);
    }
    assertThat(ids(output)).isEqualTo(expectedOutput);
    assertThat(ids(errors)).isEqualTo(expectedErrors);
    for (JsonNode line : output) {
      assertThat(line.at("/response/status_code").intValue()).isEqualTo(200);
      assertThat(line.at("/response/body/echo/input").asString())
          .isEqualTo(line.path("custom_id").asString());
      assertThat(line.path("error").isNull()).isTrue();
    }
    assertThat(errors).allMatch(line -> line.at("/response/status_code").intValue() == 400);
    assertThat(ended.at("/request_counts/total").intValue()).isEqualTo(lines);
    assertThat(ended.at("/request_counts/completed").intValue()).isEqualTo(expectedOutput.size());
    assertThat(ended.at("/request_counts/failed").intValue()).isEqualTo(expectedErrors.size());
  }

  private static List<String> ids(List<JsonNode> lines) {
    return lines.stream().map(line -> line.path("custom_id").asString()).toList();
  }

  @Test
  void objectsOfKilledProcesses_areSwept() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          awaitQuietly(held);
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.slice-lines=10");
    String file = of(jobs).upload(input(30));
    String batch = of(jobs).batch(file);
    processes.await("lines under way", () -> gateway.asked() > 0);
    Files.write(directory.resolve("incoming/0123456789abcdef0123456789abcdef"), new byte[] {1});
    Path orphan =
        Files.createDirectories(directory.resolve("objects/ff"))
            .resolve("ff23456789abcdef0123456789abcdef");
    Files.write(orphan, new byte[] {1});
    jobs = again(jobs);
    assertThat(orphan).doesNotExist();
    held.countDown();
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(of(jobs).lines(ended.path("output_file_id"))).hasSize(30);
    // The input, and one object for each of three slices.
    assertThat(objects()).hasSize(4);
    of(jobs).delete("/v1/files/" + ended.path("output_file_id").asString());
    of(jobs).delete("/v1/files/" + file);
    assertThat(objects()).isEmpty();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void cancelled_leavesEachLineInOneFile() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          if (gateway.asked() > 20) {
            awaitQuietly(held);
          }
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.slice-lines=10", "--fleet.jobs.concurrent-lines=4");
    String batch = of(jobs).batch(of(jobs).upload(input(200)));
    processes.await("some lines asked", () -> gateway.asked() > 20);
    assertThat(meter(jobs, "fleet_jobs_lines_open")).isBetween(1.0, 200.0);
    JsonNode cancelling = of(jobs).post("/v1/batches/" + batch + "/cancel", "").json();
    assertThat(cancelling.path("status").asString()).isEqualTo("cancelling");
    held.countDown();
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).isEqualTo("cancelled");
    List<JsonNode> output = of(jobs).lines(ended.path("output_file_id"));
    List<JsonNode> errors = of(jobs).lines(ended.path("error_file_id"));
    assertThat(errors)
        .isNotEmpty()
        .allMatch(line -> line.at("/error/code").asString().equals("batch_cancelled"));
    Set<String> all = new TreeSet<>(ids(output));
    all.addAll(ids(errors));
    assertThat(all).hasSize(200);
    assertThat(output.size() + errors.size()).isEqualTo(200);
    assertThat(of(jobs).post("/v1/batches/" + batch + "/cancel", "").status()).isEqualTo(200);
    assertThat(meter(jobs, "fleet_jobs_lines_open")).isZero();
    assertThat(meter(jobs, "fleet_jobs_backlog_age_seconds")).isZero();
    assertThat(meter(jobs, "fleet_jobs_batches_ended_total", "status=\"cancelled\"")).isOne();
    assertThat(meter(jobs, "fleet_jobs_batches_ended_total")).isOne();
    assertThat(meter(jobs, "fleet_jobs_lines_ended_total", "outcome=\"answered\""))
        .isEqualTo(output.size());
    assertThat(meter(jobs, "fleet_jobs_lines_ended_total", "outcome=\"batch_cancelled\""))
        .isEqualTo(errors.size());
    assertThat(meter(jobs, "fleet_jobs_lines_ended_total")).isEqualTo(200);
  }

  /** As the image has it: what a NetworkPolicy opens to Prometheus has no files and batches. */
  @Test
  void metrics_haveAPortOfTheirOwn_withoutTheSecretAndWithoutTheApi() throws Exception {
    int port = Ports.free();
    Running jobs =
        startJobs(
            "--fleet.secret=0123456789abcdef0123456789abcdef",
            "--management.server.port=" + port,
            "--management.server.address=127.0.0.1");
    JobCalls management = new JobCalls(URI.create("http://127.0.0.1:" + port), null);
    assertThat(management.get("/actuator/prometheus").text()).contains("fleet_jobs_lines_open");
    assertThat(management.get("/v1/files").status()).isEqualTo(404);
    assertThat(of(jobs).get("/livez").status()).isEqualTo(200);
    assertThat(of(jobs).get("/actuator/prometheus").status()).isEqualTo(401);
  }

  private static double meter(Running jobs, String name) throws Exception {
    return meter(jobs, name, "");
  }

  private static double meter(Running jobs, String name, String tag) throws Exception {
    return of(jobs)
        .get("/actuator/prometheus")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + "{") && line.contains(tag))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Test
  void revokedKey_endsTheBatch_withTheReason() throws Exception {
    gateway.answering(
        body ->
            FakeGateway.Said.of(
                401,
                "{\"error\":{\"message\":\"key:a: not known any"
                    + " more\",\"code\":\"credentials_invalid\"}}"));
    Running jobs = startJobs("--fleet.jobs.slice-lines=10", "--fleet.jobs.credentials-patience=1s");
    String batch = of(jobs).batch(of(jobs).upload(input(100)));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).isEqualTo("failed");
    assertThat(ended.at("/errors/data/0/message").asString())
        .isEqualTo("key:a: not known any more");
    assertThat(ended.at("/errors/data/0/code").asString()).isEqualTo("credentials_invalid");
    assertThat(of(jobs).lines(ended.path("error_file_id"))).hasSize(100);
    assertThat(ended.at("/request_counts/failed").intValue()).isEqualTo(100);
  }

  @Test
  void keyThatAGatewayReadsLate_failsNoBatch() throws Exception {
    Map<String, AtomicInteger> tries = new ConcurrentHashMap<>();
    gateway.answering(
        body ->
            tries
                        .computeIfAbsent(body.path("input").asString(), any -> new AtomicInteger())
                        .incrementAndGet()
                    < 3
                ? FakeGateway.Said.of(401, "{}")
                : FakeGateway.echo(body));
    Running jobs = startJobs();
    String batch = of(jobs).batch(of(jobs).upload(input(5)));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("completed");
    assertThat(ended.at("/request_counts/completed").intValue()).isEqualTo(5);
  }

  @Test
  void lineThatBreaksConnections_isGivenUp_whereOthersAreAnswered() throws Exception {
    AtomicInteger breaks = new AtomicInteger();
    gateway.answering(
        body -> {
          if (!body.path("input").asString().equals("poison")) {
            return FakeGateway.echo(body);
          }
          breaks.incrementAndGet();
          return FakeGateway.BREAK;
        });
    Running jobs = startJobs("--fleet.jobs.max-tries=1");
    String poison = of(jobs).batch(of(jobs).upload(JobCalls.line("poison")));
    // As long as nobody is answered the gateway may be away.
    processes.await("connections that break", () -> breaks.get() > 2);
    assertThat(of(jobs).batchNow(poison).path("status").asString()).isEqualTo("in_progress");
    of(jobs).awaitEnd(processes, jobs, of(jobs).batch(of(jobs).upload(input(20))));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, poison);
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("completed");
    assertThat(of(jobs).lines(ended.path("error_file_id")).getFirst().at("/error/code").asString())
        .isEqualTo("connection_broken");
  }

  @Test
  void lostInput_endsTheBatch_withTheReason() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    gateway.answering(
        body -> {
          awaitQuietly(held);
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.slice-lines=10");
    String file = of(jobs).upload(input(100));
    String batch = of(jobs).batch(file);
    processes.await("lines under way", () -> gateway.asked() > 0);
    for (Path object : objects()) {
      if (object.startsWith(directory.resolve("objects"))) {
        Files.delete(object);
      }
    }
    held.countDown();
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("failed");
    assertThat(ended.at("/errors/data/0/code").asString()).isEqualTo("input_lost");
    assertThat(ended.at("/request_counts/failed").intValue()).isPositive();
    assertThat(
            ended.at("/request_counts/failed").intValue()
                + ended.at("/request_counts/completed").intValue())
        .isEqualTo(100);

    JsonNode next = of(jobs).awaitEnd(processes, jobs, of(jobs).batch(file));
    assertThat(next.path("status").asString()).isEqualTo("failed");
    assertThat(next.at("/errors/data/0/code").asString()).isEqualTo("input_lost");
  }

  @Test
  void inputThatWasCutWhereALineEnds_isLost() throws Exception {
    Running jobs = startJobs();
    String file = of(jobs).upload(input(3));
    Files.writeString(objects().getFirst(), input(2));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, of(jobs).batch(file));
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("failed");
    assertThat(ended.at("/errors/data/0/code").asString()).isEqualTo("input_lost");
    assertThat(gateway.asked()).isZero();
  }

  @Test
  void slicesThatWait_keepNobodyFromTheirTurn_andNoInputFromBeingJudged() throws Exception {
    gateway.answering(
        body ->
            body.path("input").asString().equals("carol")
                ? FakeGateway.echo(body)
                : new FakeGateway.Said(429, "{}", "Retry-After", "1"));
    Running jobs = startJobs("--fleet.jobs.concurrent-slices=4", "--fleet.jobs.slice-lines=1");
    for (String owner : List.of("key:alice", "key:bob")) {
      JobCalls calls = of(jobs, WorkOwner.named(owner));
      int before = gateway.asked();
      calls.batch(calls.upload(input(8)));
      processes.await("lines of " + owner, () -> gateway.asked() > before);
    }
    JobCalls carol = of(jobs, WorkOwner.named("key:carol"));
    JsonNode wrong = carol.awaitEnd(processes, jobs, carol.batch(carol.upload("nothing\n")));
    assertThat(wrong.path("status").asString()).isEqualTo("failed");
    JsonNode right =
        carol.awaitEnd(processes, jobs, carol.batch(carol.upload(JobCalls.line("carol"))));
    assertThat(right.path("status").asString()).as(right.toString()).isEqualTo("completed");
  }

  @Test
  void whatNobodyCanAnswer_isInTheErrorFile_withTheReason() throws Exception {
    Map<String, AtomicInteger> tries = new ConcurrentHashMap<>();
    gateway.answering(
        body -> {
          String id = body.path("input").asString();
          int tried = tries.computeIfAbsent(id, any -> new AtomicInteger()).incrementAndGet();
          return switch (id) {
            case "broken" -> FakeGateway.Said.of(500, "{\"error\":\"broken\"}");
            case "mended" -> tried == 1 ? FakeGateway.Said.of(502, "") : FakeGateway.echo(body);
            case "never" -> FakeGateway.Said.of(503, "{\"error\":\"cannot be loaded\"}");
            case "later" ->
                tried < 3
                    ? new FakeGateway.Said(503, "{}", "Retry-After", "1")
                    : FakeGateway.echo(body);
            case "binary" -> FakeGateway.Said.of(200, "{} and more");
            case "large" -> FakeGateway.Said.of(200, "\"" + "x".repeat(2000) + "\"");
            case "unknown" -> FakeGateway.Said.of(404, "{\"error\":\"no such model\"}");
            default -> FakeGateway.echo(body);
          };
        });
    Running jobs = startJobs("--fleet.jobs.max-answer-size=1000B", "--fleet.jobs.max-tries=3");
    StringBuilder input = new StringBuilder();
    List<String> ids =
        List.of("broken", "mended", "never", "later", "binary", "large", "unknown", "right");
    ids.forEach(id -> input.append(JobCalls.line(id)));
    String batch = of(jobs).batch(of(jobs).upload(input.toString()));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).isEqualTo("completed");
    assertThat(ids(of(jobs).lines(ended.path("output_file_id"))))
        .containsExactly("mended", "later", "right");
    List<JsonNode> errors = of(jobs).lines(ended.path("error_file_id"));
    assertThat(errors)
        .extracting(
            line ->
                line.path("custom_id").asString()
                    + " "
                    + line.at("/response/status_code").asString("none")
                    + " "
                    + line.at("/error/code").asString("none"))
        .containsExactly(
            "broken 500 none",
            "never 503 none",
            "binary none unusable_answer",
            "large none unusable_answer",
            "unknown 404 none");
    assertThat(errors.getFirst().at("/response/body/error").asString()).isEqualTo("broken");
    assertThat(errors.getFirst().at("/response/request_id").asString())
        .isEqualTo("request-of-the-gateway");
    assertThat(Objects.requireNonNull(tries.get("broken"))).hasValue(3);
    assertThat(Objects.requireNonNull(tries.get("never"))).hasValue(1);
  }

  @Test
  void wrongInput_failsWithLineNumbers_andIsNeverAsked() throws Exception {
    Running jobs = startJobs();
    String batch =
        of(jobs).batch(of(jobs).upload(JobCalls.line("a") + "nothing\n" + JobCalls.line("a")));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).isEqualTo("failed");
    assertThat(ended.at("/errors/data/0/line").intValue()).isEqualTo(2);
    assertThat(ended.at("/errors/data/1/code").asString()).isEqualTo("duplicate_custom_id");
    assertThat(ended.path("output_file_id").isNull()).isTrue();
    assertThat(gateway.asked()).isZero();
    assertThat(of(jobs).post("/v1/batches/" + batch + "/cancel", "").status()).isEqualTo(409);
  }

  @Test
  void uploads_areTakenInAnyOrder_andRefusedWithTheReason() throws Exception {
    Running jobs = startJobs("--fleet.jobs.max-file-size=1000B");
    JobCalls calls = of(jobs);
    String file = "name=\"file\"; filename=\"../../etc/\u00e4.jsonl\"";
    JobCalls.Answer answer =
        calls.upload(List.of("name=\"x\"", "1", file, "{}", "name=\"purpose\"", "batch"));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().path("filename").asString()).isEqualTo("../../etc/\u00e4.jsonl");
    assertThat(answer.whole().headers().firstValue("Inference-Ignored")).contains("x");
    List<List<String>> wrong =
        List.of(
            List.of(file, "{}"),
            List.of("name=\"purpose\"", "batch"),
            List.of("name=\"purpose\"", "assistants", file, "{}"),
            List.of("name=\"purpose\"", "batch", file, "{}", file, "{}"),
            List.of("name=\"purpose\"", "batch", "name=\"file\"; filename=\"\"", "{}"));
    for (List<String> parts : wrong) {
      JobCalls.Answer refused = calls.upload(parts);
      assertThat(refused.status()).as(refused.text()).isEqualTo(400);
      assertThat(refused.json().at("/error/message").asString()).contains("expected");
    }
    JobCalls.Answer large =
        calls.upload(List.of("name=\"purpose\"", "batch", file, "x".repeat(1001)));
    assertThat(large.status()).as(large.text()).isEqualTo(413);
    assertThat(calls.post("/v1/files", "{}").status()).isEqualTo(400);
    for (String id :
        List.of("file-x", "..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "file-%00", "a'%20or%201=1")) {
      assertThat(calls.get("/v1/files/" + id + "/content").status()).as(id).isIn(400, 404);
      assertThat(calls.delete("/v1/files/" + id).status()).as(id).isIn(400, 404, 405);
    }
    assertThat(objects()).hasSize(1);
  }

  @Test
  void brokenUpload_leavesNothing() throws Exception {
    Running jobs = startJobs();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), jobs.port())) {
      OutputStream out = socket.getOutputStream();
      String head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
      out.write(
          ("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n"
                  + "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                  + head
                  + "x".repeat(100_000))
              .getBytes(UTF_8));
      out.flush();
      processes.await("an upload begun", () -> count() == 1);
    }
    processes.await("nothing is left of it", () -> count() == 0);
    JobCalls.Answer cut =
        of(jobs)
            .send(
                "POST",
                "/v1/files",
                "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"
                    .getBytes(UTF_8),
                "multipart/form-data; boundary=b");
    assertThat(cut.status()).as(cut.text()).isEqualTo(400);
    assertThat(count()).isZero();
    assertThat(of(jobs).get("/v1/files").json().path("data").size()).isZero();
  }

  private int count() {
    try {
      return objects().size();
    } catch (IOException | UncheckedIOException changing) {
      return -1;
    }
  }

  @Test
  void others_findNothing_andAdministratorsAll() throws Exception {
    Running jobs = startJobs();
    JobCalls alice = of(jobs, WorkOwner.named("key:alice"));
    JobCalls bob = of(jobs, WorkOwner.named("key:bob"));
    JobCalls admin =
        of(jobs, new WorkOwner("key:root", true, List.of(), List.of(), 0, List.of(0L, 0L, 0L, 0L)));
    String file = alice.upload(JobCalls.line("a"));
    String batch = alice.batch(file);
    alice.awaitEnd(processes, jobs, batch);
    assertThat(gateway.owners()).isEmpty();
    for (String path :
        List.of("/v1/files/" + file, "/v1/files/" + file + "/content", "/v1/batches/" + batch)) {
      assertThat(alice.get(path).status()).as(path).isEqualTo(200);
      assertThat(admin.get(path).status()).as(path).isEqualTo(200);
      assertThat(bob.get(path).status()).as(path).isEqualTo(404);
    }
    assertThat(bob.get("/v1/files").json().path("data").size()).isZero();
    assertThat(bob.get("/v1/batches").json().path("data").size()).isZero();
    assertThat(admin.get("/v1/batches").json().path("data").size()).isEqualTo(1);
    assertThat(bob.post("/v1/batches/" + batch + "/cancel", "").status()).isEqualTo(404);
    assertThat(bob.delete("/v1/files/" + file).status()).isEqualTo(404);
    assertThat(bob.create(file).status()).isEqualTo(400);
    assertThat(bob.get("/v1/batches?after=" + batch).json().path("data").size()).isZero();
    assertThat(alice.delete("/v1/files/" + file).status()).isEqualTo(200);
  }

  @Test
  void lists_haveCursors() throws Exception {
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    String file = calls.upload(JobCalls.line("a"));
    List<String> made = new ArrayList<>();
    for (int count = 0; count < 5; count++) {
      made.addFirst(calls.batch(file));
    }
    List<String> seen = new ArrayList<>();
    @Nullable String after = null;
    boolean more = true;
    while (more) {
      JsonNode page =
          calls.get("/v1/batches?limit=2" + (after == null ? "" : "&after=" + after)).json();
      page.path("data").forEach(each -> seen.add(each.path("id").asString()));
      after = page.path("last_id").asString();
      more = page.path("has_more").booleanValue();
    }
    assertThat(seen).isEqualTo(made);
    for (String wrong : List.of("limit=0", "limit=101", "limit=x", "after=batch_x")) {
      assertThat(calls.get("/v1/batches?" + wrong).status()).as(wrong).isEqualTo(400);
    }
  }

  @Test
  void filesThatAreListedAndDeleted_pageByPage_areAllSeen() throws Exception {
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    for (int count = 0; count < 5; count++) {
      calls.upload(JobCalls.line("a"));
    }
    int seen = 0;
    JsonNode page = calls.get("/v1/files?limit=2").json();
    while (!page.path("data").isEmpty()) {
      for (JsonNode file : page.path("data")) {
        calls.delete("/v1/files/" + file.path("id").asString());
        seen++;
      }
      page = calls.get("/v1/files?limit=2&after=" + page.path("last_id").asString()).json();
    }
    assertThat(seen).isEqualTo(5);
    assertThat(calls.get("/v1/files").json().path("data").size()).isZero();
  }

  @Test
  void batches_areRefusedWithTheReason() throws Exception {
    Running jobs = startJobs();
    JobCalls calls = of(jobs);
    String file = calls.upload(JobCalls.line("a"));
    List<String> wrong =
        List.of(
            "",
            "[]",
            "{\"input_file_id\":\"file-x\",\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\"}",
            right(file).replace("/v1/embeddings", "/v1/batches"),
            right(file).replace("/v1/embeddings", "/v2/models/m/ready"),
            right(file).replace("/v1/embeddings", "http://other/v1/embeddings"),
            right(file).replace("/v1/embeddings", "/v1/embeddings?x=1"),
            right(file).replace("/v1/embeddings", "/v2/models/\u00e4/infer"),
            right(file).replace(file, "a\\u0000"),
            right(file).replace("24h", "30m"),
            right(file).replace("24h", "8d"),
            right(file).replace("}", ",\"metadata\":{\"a\":1}}"),
            right(file).replace("}", ",\"metadata\":[]}"));
    for (String body : wrong) {
      JobCalls.Answer refused = calls.post("/v1/batches", body);
      assertThat(refused.status()).as(body + refused.text()).isEqualTo(400);
      assertThat(refused.json().at("/error/message").asString()).isNotBlank();
    }
    JobCalls.Answer taken =
        calls.post(
            "/v1/batches",
            right(file).replace("24h", "7d").replace("}", ",\"metadata\":{\"a\":\"b\"},\"x\":1}"));
    assertThat(taken.status()).isEqualTo(200);
    assertThat(taken.json().at("/metadata/a").asString()).isEqualTo("b");
    assertThat(taken.whole().headers().firstValue("Inference-Ignored")).contains("x");
  }

  @Test
  void hugeCustomId_isAnError_andEndsNoProcess() throws Exception {
    Running jobs = startJobs();
    String batch = of(jobs).batch(of(jobs).upload(JobCalls.line("x".repeat(60_000_000))));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.path("status").asString()).isEqualTo("failed");
    assertThat(ended.at("/errors/data/0/line").asInt()).isEqualTo(1);
    assertThat(gateway.asked()).isZero();
  }

  @Test
  void answerThatComesToAHalt_isAskedForAgain() throws Exception {
    gateway.haltOnce();
    Running jobs = startJobs("--fleet.jobs.request-timeout=1s");
    String batch = of(jobs).batch(of(jobs).upload(JobCalls.line("a")));
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    assertThat(ended.at("/request_counts/completed").asInt()).as(ended.toString()).isEqualTo(1);
    assertThat(gateway.asked()).isEqualTo(2);
  }

  private static String right(String file) {
    return "{\"input_file_id\":\"%s\",\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\"}"
        .formatted(file);
  }

  @Test
  void quotas_areSaid() throws Exception {
    gateway.answering(body -> new FakeGateway.Said(429, "{}", "Retry-After", "1"));
    Running jobs =
        startJobs("--fleet.jobs.max-open-batches=1", "--fleet.jobs.max-owner-size=1000B");
    JobCalls alice = of(jobs, WorkOwner.named("key:alice"));
    String file = alice.upload(JobCalls.line("a"));
    alice.batch(file);
    for (JobCalls.Answer refused :
        List.of(
            alice.create(file),
            alice.upload(
                List.of(
                    "name=\"purpose\"", "batch", "name=\"file\"; filename=\"a\"", input(20))))) {
      assertThat(refused.status()).as(refused.text()).isEqualTo(429);
      assertThat(refused.json().at("/error/code").asString()).isEqualTo("quota_exceeded");
      assertThat(refused.json().at("/error/message").asString()).contains("expected");
      assertThat(refused.whole().headers().firstValue("Retry-After")).isPresent();
    }
    assertThat(objects().stream().filter(each -> each.startsWith(directory.resolve("objects"))))
        .hasSize(1);
    JobCalls bob = of(jobs, WorkOwner.named("key:bob"));
    bob.batch(bob.upload(JobCalls.line("b")));
    assertThat(meter(jobs, "fleet_jobs_store_size_bytes")).isPositive();
    assertThat(of(jobs).get("/actuator/prometheus").text())
        .contains("fleet_jobs_removed_batches_total{", "reason=\"age\"");
  }

  @Test
  void secondProcess_onTheSameDatabase_refusesToStart_withTheReason() throws Exception {
    Running jobs = startJobs();
    Running second = processes.startJobs("second", directory, "--eureka.client.enabled=false");
    second.awaitEnd();
    assertThat(second.process().exitValue()).isEqualTo(1);
    assertThat(Files.readString(second.log()))
        .contains("Another process has the embedded database open")
        .contains("Action:");
    assertThat(of(jobs).get("/v1/files").status()).isEqualTo(200);
  }

  @Test
  void fullDisk_isSaid_andNothingIsTaken() throws Exception {
    Running jobs = startJobs(ROOM + "1000TB");
    JobCalls.Answer refused =
        of(jobs)
            .upload(List.of("name=\"purpose\"", "batch", "name=\"file\"; filename=\"a\"", "{}"));
    assertThat(refused.status()).as(refused.text()).isEqualTo(503);
    assertThat(refused.json().at("/error/code").asString()).isEqualTo("store_full");
    assertThat(refused.whole().headers().firstValue("Retry-After")).isPresent();
    assertThat(of(jobs).get("/v1/files").json().path("data").size()).isZero();
  }

  @Test
  void strangers_areRefused_whereTheFleetHasASecret() throws Exception {
    Running jobs = startJobs("--fleet.secret=0123456789abcdef0123456789abcdef");
    JobCalls.Answer refused = of(jobs, WorkOwner.named("key:alice")).get("/v1/files");
    assertThat(refused.status()).isEqualTo(401);
    assertThat(refused.whole().headers().firstValue("WWW-Authenticate"))
        .contains("Onnx-Fleet-Signature");
    assertThat(of(jobs).get("/actuator/prometheus").status()).isEqualTo(401);
  }
}
