package io.onnxfleet.jobs.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import io.onnxfleet.jobs.webhook.EventType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** On a database in memory; the same on files, and on PostgreSQL, is {@code SingleRequestsIT}'s. */
class JobsTest {
  private static final WorkOwner ALICE = WorkOwner.named("alice");
  private static final WorkOwner BOB = WorkOwner.named("bob");
  private static final WorkOwner ROOT =
      new WorkOwner("root", true, List.of(), List.of(), 0, List.of(0L, 0L, 0L, 0L));
  private static final int AT_A_TIME = 2;
  private static final int MOST = 150;

  private final LinkedBlockingQueue<String> scheduled = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<String> ended = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> outcomes = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> announced = new ConcurrentLinkedQueue<>();
  private boolean webhooksFail;
  private final Names names = new Names();
  @TempDir private Path folder;
  private Instant now = Instant.ofEpochSecond(1_000_000);
  private JdbcConnectionPool source;
  private ObjectStore store;
  private JobRecords records;
  private Jobs jobs;

  @BeforeEach
  void database() throws IOException {
    source =
        JdbcConnectionPool.create(
            "jdbc:h2:mem:" + names.get() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=10000", "", "");
    Flyway.configure().dataSource(source).load().migrate();
    store = new ObjectStore(folder, 0, names);
    records = new JobRecords(JdbcClient.create(source));
    jobs = jobs(Map.of());
  }

  private Jobs jobs(Map<String, String> bounds) {
    return new Jobs(
        records,
        store,
        new Quotas(JdbcClient.create(source), MemoryDatabase.properties(bounds)),
        JobsTest.this::schedule,
        JobsTest.this::announce,
        new TransactionTemplate(new JdbcTransactionManager(source)),
        names,
        () -> now,
        new Jobs.Terms(Duration.ofHours(1), AT_A_TIME, MOST),
        (id, outcome) -> {
          ended.add(id);
          outcomes.add(outcome);
        });
  }

  @AfterEach
  void close() {
    source.dispose();
  }

  /** What is scheduled can be seen once its transaction has ended. */
  private void schedule(String id) {
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            scheduled.add(id);
          }
        });
  }

  private void announce(EventType type, String subject, String owner) {
    if (webhooksFail) {
      throw new IllegalStateException("no database");
    }
    announced.add(type.label() + " " + subject + " " + owner);
  }

  private Job create(WorkOwner owner, String body, @Nullable String key) throws IOException {
    try (ObjectWriter writer = store.create()) {
      writer.write(body.getBytes(UTF_8));
      JobRequest request =
          new JobRequest("/v1/embeddings", Map.of("Accept", "a"), "digest of " + body, key);
      return jobs.create(owner, owner.write(), request, writer);
    }
  }

  private Job.Answer answer(String body) throws IOException {
    try (ObjectWriter writer = store.create()) {
      writer.write(body.getBytes(UTF_8));
      return new Job.Answer(200, "{}", writer.keep(), writer.size());
    }
  }

  private long objects() throws IOException {
    long count = 0;
    for (String name : List.of("objects", "incoming")) {
      try (Stream<Path> files = Files.walk(folder.resolve(name))) {
        count += files.filter(Files::isRegularFile).count();
      }
    }
    return count;
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            JobException.class, refused -> assertThat(refused.code()).isEqualTo(code));
  }

  @Test
  void create_keepsTheRequest() throws IOException {
    Job job = create(ALICE, "body", null);
    assertThat(job.status()).isEqualTo(JobStatus.QUEUED);
    assertThat(job.ownerStatement()).isEqualTo(ALICE.write());
    assertThat(job.request().target()).isEqualTo("/v1/embeddings");
    assertThat(JobHeaders.read(job.request().headers())).isEqualTo(Map.of("Accept", "a"));
    assertThat(job.request().size()).isEqualTo(4);
    assertThat(job.times().expires()).isEqualTo(now.getEpochSecond() + 3600);
    assertThat(scheduled).containsExactly(job.id());
  }

  @Test
  void key_makesOneJob_howeverManyAskAtATime() throws Exception {
    int callers = 8;
    List<Future<Job>> asked = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < callers; caller++) {
        asked.add(threads.submit(() -> create(ALICE, "body", "key")));
      }
    }
    String first = asked.getFirst().get().id();
    for (Future<Job> each : asked) {
      assertThat(each.get().id()).isEqualTo(first);
    }
    assertThat(scheduled).containsExactly(first);
    assertThat(objects()).isEqualTo(1);
  }

  @Test
  void key_isEachOwnersOwn_andOfOneRequest() throws IOException {
    Job job = create(ALICE, "body", "key");
    assertThat(create(ALICE, "body", "key").id()).isEqualTo(job.id());
    assertThat(create(BOB, "other", "key").id()).isNotEqualTo(job.id());
    assertRefused(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> create(ALICE, "other", "key"));
    assertThat(create(ALICE, "body", null).id()).isNotEqualTo(job.id());
    assertThat(objects()).isEqualTo(3);
    jobs.complete(jobs.take(job.id()).orElseThrow(), answer("answer"));
    Job later = create(ALICE, "body", "key");
    assertThat(later.id()).isEqualTo(job.id());
    assertThat(later.status()).isEqualTo(JobStatus.COMPLETED);
  }

  @Test
  void complete_counts_onlyForWhoTookTheJobLast() throws IOException {
    String id = create(ALICE, "body", null).id();
    Job before = jobs.take(id).orElseThrow();
    Job after = jobs.take(id).orElseThrow();
    assertThat(jobs.complete(before, answer("late"))).isFalse();
    assertThat(ended).isEmpty();
    Job.Answer right = answer("right");
    assertThat(jobs.complete(after, right)).isTrue();
    assertThat(jobs.complete(after, answer("again"))).isFalse();
    assertThat(jobs.take(id)).isEmpty();
    Job done = jobs.find(id).orElseThrow();
    assertThat(done.status()).isEqualTo(JobStatus.COMPLETED);
    assertThat(done.answer()).isEqualTo(right);
    assertThat(done.times().ended()).isEqualTo(now.getEpochSecond());
    assertThat(ended).containsExactly(id);
    assertThatThrownBy(() -> store.open(done.request().object())).isInstanceOf(IOException.class);
  }

  @Test
  void ofOneOwner_aFewAreScheduledAtATime_andTheNextWhenOneEnds() throws IOException {
    List<Job> mine = new ArrayList<>();
    for (int count = 0; count < 6; count++) {
      mine.add(create(ALICE, "body" + count, null));
    }
    Job other = create(BOB, "body", null);
    assertThat(scheduled).containsExactly(mine.get(0).id(), mine.get(1).id(), other.id());
    assertThat(jobs.position(mine.get(3))).isEqualTo(3);
    jobs.complete(jobs.take(mine.get(1).id()).orElseThrow(), answer("answer"));
    assertThat(scheduled).endsWith(other.id(), mine.get(2).id());
    assertThat(jobs.position(mine.get(3))).isEqualTo(2);
    jobs.fail(jobs.take(mine.get(0).id()).orElseThrow(), "code", "message");
    assertThat(scheduled).endsWith(mine.get(2).id(), mine.get(3).id());
    jobs.expire(jobs.take(mine.get(2).id()).orElseThrow());
    assertThat(scheduled).endsWith(mine.get(3).id(), mine.get(4).id());
    // One that is not scheduled makes room for none.
    jobs.cancel(mine.get(5).id(), ALICE);
    assertThat(scheduled).endsWith(mine.get(3).id(), mine.get(4).id());
    jobs.cancel(mine.get(4).id(), ALICE);
    assertThat(scheduled).hasSize(6);
    Job.Answer busy = new Job.Answer(503, "{}", answer("busy").object(), 4);
    jobs.complete(jobs.take(other.id()).orElseThrow(), busy);
    assertThat(outcomes)
        .containsExactly("answered", "failed", "expired", "cancelled", "cancelled", "status_5xx");
  }

  @Test
  void anOwner_hasSoManyThatHaveNotEnded_howeverManyAskAtATime() throws Exception {
    Job first = create(ALICE, "body", "key");
    for (int count = 1; count < MOST - 1; count++) {
      create(ALICE, "body", null);
    }
    List<Future<Job>> asked = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < 4; caller++) {
        asked.add(threads.submit(() -> create(ALICE, "body", null)));
      }
    }
    assertThat(asked).filteredOn(each -> each.state() == Future.State.SUCCESS).hasSize(1);
    assertRefused(ErrorCode.QUOTA_EXCEEDED, () -> create(ALICE, "body", null));
    assertThat(objects()).as("what was refused leaves nothing").isEqualTo(MOST);
    assertThat(create(ALICE, "body", "key").id()).as("it is no further one").isEqualTo(first.id());
    create(BOB, "body", null);
    jobs.cancel(first.id(), ALICE);
    create(ALICE, "body", null);
  }

  @Test
  void bytes_areBounded_ofAnOwner_andOfAll_bodiesUntilTheEndAndAnswersThen() throws IOException {
    jobs = jobs(Map.of("max-owner-size", "10B", "max-store-size", "15B"));
    Job first = create(ALICE, "8 bytes.", "key");
    assertRefused(ErrorCode.QUOTA_EXCEEDED, () -> create(ALICE, "abc", null));
    assertThat(create(ALICE, "8 bytes.", "key").id())
        .as("it is no further one")
        .isEqualTo(first.id());
    Job other = create(BOB, "7 bytes", null);
    assertRefused(ErrorCode.STORE_FULL, () -> create(BOB, "a", null));
    assertThat(objects()).as("what was refused leaves nothing").isEqualTo(2);
    jobs.complete(jobs.take(first.id()).orElseThrow(), answer("abc"));
    create(ALICE, "abcde", null);
    assertRefused(ErrorCode.STORE_FULL, () -> create(ALICE, "a", null));
    jobs.cancel(other.id(), BOB);
    assertRefused(ErrorCode.QUOTA_EXCEEDED, () -> create(ALICE, "abc", null));
    create(ALICE, "ab", null);
  }

  /** Nobody sees that the other has just ended, or come, unless one waits for the other. */
  @Test
  void noJob_isLeftThatNobodySchedules_whateverHappensAtATime() throws Exception {
    int all = 120;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> workers = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        workers.add(
            threads.submit(
                () -> {
                  for (int count = 0; count < all / 4; count++) {
                    create(ALICE, "body", null);
                  }
                  return null;
                }));
      }
      for (int worker = 0; worker < AT_A_TIME; worker++) {
        workers.add(
            threads.submit(
                () -> {
                  while (ended.size() < all) {
                    String id = scheduled.poll(5, TimeUnit.SECONDS);
                    if (id == null) {
                      return null;
                    }
                    assertThat(records.scheduled("alice")).isLessThanOrEqualTo(AT_A_TIME);
                    jobs.fail(jobs.take(id).orElseThrow(), "code", "message");
                  }
                  return null;
                }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    }
    assertThat(ended).hasSize(all).doesNotHaveDuplicates();
    assertThat(objects()).isZero();
  }

  @Test
  void cancelled_hasNoAnswer_whateverComes() throws IOException {
    String id = create(ALICE, "body", null).id();
    Job taken = jobs.take(id).orElseThrow();
    assertThat(jobs.cancel(id, ALICE).status()).isEqualTo(JobStatus.CANCELLED);
    assertThat(jobs.complete(taken, answer("late"))).isFalse();
    jobs.fail(taken, "code", "message");
    Job cancelled = jobs.cancel(id, ALICE);
    assertThat(cancelled.status()).isEqualTo(JobStatus.CANCELLED);
    assertThat(cancelled.answer()).isNull();
    assertThat(cancelled.failure()).isNull();
    assertThat(ended).containsExactly(id);
    assertThat(jobs.take(id)).isEmpty();
    String done = create(ALICE, "body", null).id();
    jobs.complete(jobs.take(done).orElseThrow(), answer("answer"));
    assertRefused(ErrorCode.JOB_ENDED, () -> jobs.cancel(done, ALICE));
  }

  @Test
  void end_isAnnouncedOnce_inTheTransactionThatEndsTheJob() throws IOException {
    String completed = create(ALICE, "a", null).id();
    Job before = jobs.take(completed).orElseThrow();
    Job taken = jobs.take(completed).orElseThrow();
    Job.Answer answer = answer("answer");
    jobs.complete(before, answer);
    webhooksFail = true;
    assertThatThrownBy(() -> jobs.complete(taken, answer)).hasMessage("no database");
    assertThat(jobs.find(completed).orElseThrow().status()).isEqualTo(JobStatus.IN_PROGRESS);
    assertThat(ended).isEmpty();
    webhooksFail = false;
    jobs.complete(taken, answer);
    jobs.complete(taken, answer);
    String failed = create(ALICE, "b", null).id();
    jobs.fail(jobs.take(failed).orElseThrow(), "code", "message");
    String expired = create(BOB, "c", null).id();
    jobs.expire(jobs.take(expired).orElseThrow());
    String cancelled = create(BOB, "d", null).id();
    jobs.cancel(cancelled, ROOT);
    jobs.cancel(cancelled, BOB);
    assertThat(announced)
        .containsExactly(
            "job.completed " + completed + " alice",
            "job.failed " + failed + " alice",
            "job.expired " + expired + " bob",
            "job.cancelled " + cancelled + " bob");
  }

  @Test
  void others_findNothing_andAdministratorsAll() throws IOException {
    String id = create(ALICE, "body", null).id();
    assertThat(jobs.get(id, ALICE).id()).isEqualTo(id);
    assertThat(jobs.get(id, ROOT).id()).isEqualTo(id);
    for (String wrong : List.of(id, "job_x", "a\u0000", "")) {
      assertRefused(ErrorCode.JOB_NOT_FOUND, () -> jobs.get(wrong, BOB));
      assertRefused(ErrorCode.JOB_NOT_FOUND, () -> jobs.cancel(wrong, BOB));
    }
    assertThat(jobs.get(id, ALICE).status()).isEqualTo(JobStatus.QUEUED);
    assertThat(jobs.cancel(id, ROOT).status()).isEqualTo(JobStatus.CANCELLED);
  }

  @Test
  void failure_isToldInWhatFits() throws IOException {
    Job job = create(ALICE, "body", null);
    jobs.fail(jobs.take(job.id()).orElseThrow(), "c".repeat(500), "m".repeat(5000));
    Job.Failure failure = Objects.requireNonNull(jobs.get(job.id(), ALICE).failure());
    assertThat(failure.code()).isEqualTo("c".repeat(100));
    assertThat(failure.message()).isEqualTo("m".repeat(1000));
  }

  @Test
  void expired_isWhatTookAsLongAsItMay() throws IOException {
    Job job = create(ALICE, "body", null);
    assertThat(jobs.hasExpired(job)).isFalse();
    now = now.plusSeconds(3600);
    assertThat(jobs.hasExpired(job)).isTrue();
  }

  @Test
  void waits_end_whenTheJobDoes_hereOrElsewhere() throws IOException {
    JobWaits waits = new JobWaits(records, 2);
    Duration hour = Duration.ofHours(1);
    String here = create(ALICE, "body", null).id();
    String elsewhere = create(ALICE, "body", null).id();
    CompletableFuture<Void> ofHere = waits.await(here, "alice", hour);
    CompletableFuture<Void> ofElsewhere = waits.await(elsewhere, "bob", hour);
    assertThat(waits.await(here, "carol", hour)).as("above the bound").isDone();
    waits.look();
    waits.ended("job_x");
    assertThat(ofHere).isNotDone();
    waits.ended(here);
    assertThat(ofHere).isDone();
    jobs.fail(jobs.take(elsewhere).orElseThrow(), "code", "message");
    assertThat(ofElsewhere).isNotDone();
    assertThat(waits.await(elsewhere, "carol", hour)).as("of one that has ended").isDone();
    waits.look();
    assertThat(ofElsewhere).isDone();
    assertThat(waits.count()).isZero();
  }

  /** Of whom nobody knows whether their clients are still there. */
  @Test
  void waits_areSharedByOwners() throws IOException {
    JobWaits waits = new JobWaits(records, 8);
    Duration hour = Duration.ofHours(1);
    String id = create(ALICE, "body", null).id();
    for (int wait = 0; wait < 4; wait++) {
      assertThat(waits.await(id, "alice", hour)).isNotDone();
    }
    assertThat(waits.await(id, "alice", hour)).isDone();
    assertThat(waits.await(id, "bob", hour)).isNotDone();
    waits.ended(id);
    assertThat(waits.count()).isZero();
    assertThat(waits.await(id, "alice", hour)).isNotDone();
    waits.stop();
  }

  @Test
  void wait_keepsNoPlace_whenTheDatabaseDoesNotAnswer() throws IOException {
    JobWaits waits = new JobWaits(records, 1);
    String id = create(ALICE, "body", null).id();
    JdbcClient.create(source).sql("alter table job rename to away").update();
    assertThatThrownBy(() -> waits.await(id, "alice", Duration.ofHours(1)))
        .isInstanceOf(DataAccessException.class);
    assertThat(waits.count()).isZero();
    JdbcClient.create(source).sql("alter table away rename to job").update();
    assertThat(waits.await(id, "bob", Duration.ofHours(1))).isNotDone();
    waits.stop();
  }

  @Test
  void waits_end_whenTheirTimeOrTheProcessDoes() throws Exception {
    JobWaits waits = new JobWaits(records, 2);
    String id = create(ALICE, "body", null).id();
    waits.await(id, "alice", Duration.ofMillis(1)).get(10, TimeUnit.SECONDS);
    CompletableFuture<Void> stopped = waits.await(id, "alice", Duration.ofHours(1));
    waits.stop();
    assertThat(stopped).isDone();
    assertThat(waits.await(id, "alice", Duration.ofHours(1))).isDone();
    assertThat(waits.count()).isZero();
    assertThat(records.ended(Set.of(id))).isEmpty();
  }
}
