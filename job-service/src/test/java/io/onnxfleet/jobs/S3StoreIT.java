package io.onnxfleet.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.jobs.store.s3.S3Server;
import io.onnxfleet.jobs.store.s3.S3Server.Failure;
import io.onnxfleet.testing.process.Running;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The real process, whose files and answers lie in a bucket. */
class S3StoreIT extends RealJobService {
  private static final int LINES = 200;
  private static final int MIB = 1 << 20;

  /** Of a request of the store. */
  private static final int TRIES = 5;

  private S3Server store;

  @BeforeEach
  void startStore() throws IOException {
    store = new S3Server();
    store.partsOfAtLeast(5 * MIB);
  }

  @AfterEach
  void stopStore() {
    store.close();
  }

  @Override
  Running startJobs(String... further) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(store.arguments());
    arguments.add("--fleet.jobs.slice-lines=20");
    arguments.addAll(List.of(further));
    return super.startJobs(arguments.toArray(String[]::new));
  }

  private List<String> objects() {
    return store.keys().stream().filter(key -> !key.endsWith("/mark")).toList();
  }

  @Test
  void eachLine_isInTheOutputOnce_whateverIsKilled_andTheStoreFailsNowAndThen() throws Exception {
    Running jobs = startJobs();
    String batch = of(jobs).batch(of(jobs).upload(input()));
    for (int kill = 1; kill <= 2; kill++) {
      int until = kill * LINES / 4;
      processes.await(until + " lines asked", () -> gateway.asked() >= until);
      store.fail("GetObject", new Failure.CutOff(100), new Failure.Refused(503, "SlowDown"));
      store.fail("PutObject", new Failure.Reset(), new Failure.AnswerLost());
      jobs = again(jobs);
    }
    JsonNode ended = of(jobs).awaitEnd(processes, jobs, batch);
    requireAll(jobs, ended);
    jobs = again(jobs);
    // What killed processes left is swept at the start: the input, and an object for each slice.
    assertThat(objects()).hasSize(1 + LINES / 20);
    of(jobs).delete("/v1/files/" + ended.path("output_file_id").asString());
    assertThat(objects()).hasSize(1);
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()))
          .allMatch(name -> name.startsWith("database"));
    }
  }

  @Test
  void largeFile_comesBackAsItWas_andABrokenUploadLeavesNothing() throws Exception {
    Running jobs = startJobs();
    String content = "0123456789abcde\n".repeat(20 * MIB / 16) + "end";
    String file = of(jobs).upload(content);
    assertThat(store.requests()).contains("UploadPart", "CompleteMultipartUpload");
    assertThat(of(jobs).get("/v1/files/" + file + "/content").text()).isEqualTo(content);
    store.failAll("UploadPart", new Failure.Refused(403, "AccessDenied"));
    JobCalls.Answer refused =
        of(jobs)
            .upload(List.of("name=\"purpose\"", "batch", "name=\"file\"; filename=\"a\"", content));
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.json().at("/error/code").asString()).isEqualTo("store_unavailable");
    assertThat(refused.json().at("/error/message").asString()).contains("403 AccessDenied");
    assertThat(refused.whole().headers().firstValue("Retry-After")).isPresent();
    assertThat(store.openUploads()).isZero();
    assertThat(objects()).hasSize(1);
  }

  private long reads() {
    return store.requests().stream().filter("GetObject"::equals).count();
  }

  /** Neither before its lines are judged nor after. */
  @Test
  void batch_waitsForTheStore_andLosesNoInput() throws Exception {
    AtomicBoolean isAway = new AtomicBoolean();
    AtomicLong before = new AtomicLong();
    gateway.answering(
        body -> {
          if (isAway.compareAndSet(false, true)) {
            before.set(reads());
            store.failAll("GetObject", S3Server.BROKEN);
          }
          return FakeGateway.echo(body);
        });
    Running jobs = startJobs("--fleet.jobs.concurrent-slices=1");
    store.failAll("GetObject", S3Server.BROKEN);
    long begun = reads();
    String batch = of(jobs).batch(of(jobs).upload(input()));
    processes.await("a second look for the input", () -> reads() > begun + TRIES);
    assertThat(of(jobs).batchNow(batch).path("status").asString()).isEqualTo("validating");
    store.failNoMore();
    processes.await(
        "a second look of a slice", () -> isAway.get() && reads() > before.get() + TRIES);
    assertThat(of(jobs).batchNow(batch).path("status").asString()).isEqualTo("in_progress");
    store.failNoMore();
    requireAll(jobs, of(jobs).awaitEnd(processes, jobs, batch));
  }

  /** One folder each, which neither shares; one is ended as a crash would. */
  @Test
  void twoServices_shareABucketAndADatabase() throws Exception {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
      String database = "--spring.datasource.url=" + postgres.getJdbcUrl("postgres", "postgres");
      Running one = startJobs(database, "--db-scheduler.heartbeat-interval=1s");
      directory = folder.resolve("other");
      Running other = startJobs(database, "--db-scheduler.heartbeat-interval=1s");
      String batch = of(other).batch(of(one).upload(input()));
      processes.await("lines asked", () -> gateway.asked() >= LINES / 4);
      one.kill();
      requireAll(other, of(other).awaitEnd(processes, other, batch));

      Running third =
          processes.startJobs(
              "third", folder.resolve("third"), database, "--eureka.client.enabled=false");
      third.awaitEnd();
      assertThat(third.process().exitValue()).isEqualTo(1);
      assertThat(Files.readString(third.log()))
          .contains(folder.resolve("third/objects") + " has no mark")
          .contains("one store that each of them sees", "fleet.jobs.s3.bucket");
    }
  }

  private void requireAll(Running jobs, JsonNode ended) throws IOException, InterruptedException {
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("completed");
    assertThat(of(jobs).lines(ended.path("output_file_id")))
        .extracting(line -> line.path("custom_id").asString())
        .isEqualTo(IntStream.range(0, LINES).mapToObj(line -> "n" + line).toList());
  }

  private static String input() {
    return IntStream.range(0, LINES)
        .mapToObj(line -> JobCalls.line("n" + line))
        .collect(Collectors.joining());
  }

  @Test
  void singleRequest_waitsForTheStore_andIsAnsweredOnce() throws Exception {
    Running jobs = startJobs();
    store.failAll("PutObject", S3Server.BROKEN);
    JobCalls.Answer refused =
        of(jobs).post("/v1/jobs?call=%2Fv1%2Fembeddings", "{\"input\":\"a\"}");
    assertThat(refused.status()).as(refused.text()).isEqualTo(503);
    store.failNoMore();
    store.failAll("GetObject", S3Server.BROKEN);
    long before = reads();
    JobCalls.Answer taken = of(jobs).post("/v1/jobs?call=%2Fv1%2Fembeddings", "{\"input\":\"a\"}");
    assertThat(taken.status()).as(taken.text()).isEqualTo(202);
    processes.await("a second look for the body", () -> reads() > before + TRIES);
    assertThat(gateway.asked()).isZero();
    store.failNoMore();
    String result = "/v1/jobs/" + taken.json().path("id").asString() + "/result";
    JobCalls calls = of(jobs);
    processes.await(
        "the answer",
        () -> {
          try {
            return calls.get(result + "?wait=5").status() == 200;
          } catch (IOException failed) {
            throw new IllegalStateException(failed);
          }
        });
    assertThat(calls.get(result).json().at("/echo/input").asString()).isEqualTo("a");
    assertThat(gateway.asked()).isEqualTo(1);
  }

  @Test
  void storeThatIsAway_isSaid_byHealth() throws Exception {
    Running jobs = startJobs();
    assertThat(of(jobs).get("/actuator/health").status()).isEqualTo(200);
    store.close();
    processes.await("health", () -> processes.status(jobs, "/actuator/health") == 503);
    assertThat(of(jobs).get("/readyz").status()).isEqualTo(200);
  }
}
