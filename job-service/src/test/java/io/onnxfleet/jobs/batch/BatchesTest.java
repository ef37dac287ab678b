package io.onnxfleet.jobs.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.file.FilePart;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.file.ListedIds;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.lines.CheckedInput;
import io.onnxfleet.jobs.lines.LineError;
import io.onnxfleet.jobs.lines.Region;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.webhook.EventType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** On a database in memory; the same on files, and on PostgreSQL, is {@code JobServiceIT}'s. */
class BatchesTest {
  private static final WorkOwner ALICE = WorkOwner.named("alice");

  private final List<String> scheduled = new ArrayList<>();
  private final List<BatchStatus> ended = new ArrayList<>();
  private final List<String> announced = new ArrayList<>();
  private boolean webhooksFail;
  private final ListedIds ids = new ListedIds(new Names(), () -> Instant.EPOCH);
  private final String file = ids.next(StoredFile.PREFIX);
  private Instant now = Instant.ofEpochSecond(1_000_000);
  private FileRecords files;
  private TransactionTemplate transactions;
  private Batches batches;

  @BeforeEach
  void database() {
    MemoryDatabase made = MemoryDatabase.make();
    JdbcClient database = made.client();
    files = new FileRecords(database);
    transactions = made.transactions();
    batches =
        new Batches(
            new BatchRecords(database, ended::add),
            new SliceRecords(database, new JdbcTemplate(made.source())),
            files,
            new Quotas(database, MemoryDatabase.properties(Map.of())),
            new BatchSchedule() {
              @Override
              public void validate(String batchId) {
                scheduled.add("validate");
              }

              @Override
              public void work(String batchId, int slice) {
                scheduled.add("slice " + slice);
              }
            },
            this::announce,
            transactions,
            ids,
            () -> now,
            2);
    files.add(new StoredFile(file, "alice", StoredFile.INPUT, "a", 10, 1));
    files.addPart(file, 0, new FilePart("object", 10));
  }

  private void announce(EventType type, String subject, String owner) {
    if (webhooksFail) {
      throw new IllegalStateException("no database");
    }
    announced.add(type.label() + " " + subject + " " + owner);
  }

  private String created() {
    return batches
        .create(
            ALICE,
            ALICE.write(),
            new BatchRequest(file, "/v1/embeddings", "1h", Duration.ofHours(1), null))
        .id();
  }

  private String batch(int slices) {
    String id = created();
    List<Region> regions = new ArrayList<>();
    for (int slice = 0; slice < slices; slice++) {
      regions.add(new Region(slice + 1, slice, slice + 1, 1));
    }
    batches.validated(id, new CheckedInput(regions, slices, List.of()));
    return id;
  }

  private static SliceResult answered(String object) {
    return new SliceResult(new SliceResult.Written(object, 5), null, 1, 0, 3);
  }

  private static SliceResult failed(String object) {
    return new SliceResult(null, new SliceResult.Written(object, 7), 0, 1, 0);
  }

  private Batch found(String id) {
    return batches.find(id).orElseThrow();
  }

  @Test
  void settle_counts_onlyForWhoTookTheSliceLast() {
    String id = batch(1);
    Slice before = batches.take(id, 0).orElseThrow();
    Slice after = batches.take(id, 0).orElseThrow();
    assertThat(batches.settle(before, answered("late"))).isFalse();
    assertThat(found(id).counts()).isEqualTo(new Batch.Counts(1, 0, 0));
    assertThat(batches.settle(after, answered("right"))).isTrue();
    assertThat(batches.settle(after, answered("again"))).isFalse();
    assertThat(batches.take(id, 0)).isEmpty();
    Batch ended = found(id);
    assertThat(ended.status()).isEqualTo(BatchStatus.COMPLETED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(1, 1, 0));
    assertThat(ended.tokens()).isEqualTo(3);
    assertThat(files.parts(String.valueOf(ended.outputFileId())))
        .containsExactly(new FilePart("right", 5));
    assertThat(ended.errorFileId()).isNull();
  }

  @Test
  void files_areTheSlicesObjects_inLineOrder() {
    String id = batch(4);
    for (int slice : new int[] {1, 0, 3, 2}) {
      // The later ones are queued as earlier ones are settled.
      Slice taken = batches.take(id, slice).orElseThrow();
      SliceResult result = slice == 2 ? failed("e2") : answered("o" + slice);
      assertThat(batches.settle(taken, result)).isTrue();
    }
    Batch ended = found(id);
    assertThat(files.parts(String.valueOf(ended.outputFileId())))
        .extracting(FilePart::object)
        .containsExactly("o0", "o1", "o3");
    assertThat(files.parts(String.valueOf(ended.errorFileId())))
        .extracting(FilePart::object)
        .containsExactly("e2");
    assertThat(files.find(String.valueOf(ended.outputFileId()), ALICE).orElseThrow().size())
        .isEqualTo(15);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(4, 3, 1));
  }

  @Test
  void ofOneBatch_aFewSlicesAreScheduledAtATime() {
    String id = batch(4);
    assertThat(scheduled).containsExactly("validate", "slice 0", "slice 1");
    assertThat(batches.take(id, 2)).isEmpty();
    batches.settle(batches.take(id, 0).orElseThrow(), answered("o"));
    assertThat(scheduled).endsWith("slice 1", "slice 2");
    batches.settle(batches.take(id, 1).orElseThrow(), answered("o"));
    assertThat(scheduled).endsWith("slice 2", "slice 3");
    batches.settle(batches.take(id, 2).orElseThrow(), answered("o"));
    assertThat(scheduled).hasSize(5);
  }

  @Test
  void validated_changesNothing_aSecondTime() {
    String id = batch(1);
    batches.validated(id, new CheckedInput(List.of(new Region(1, 0, 1, 1)), 9, List.of()));
    assertThat(found(id).counts().total()).isEqualTo(1);
    assertThat(scheduled).containsExactly("validate", "slice 0");
  }

  @Test
  void cancelled_beforeItIsValidated_hasNoSlices() {
    String id =
        batches
            .create(
                ALICE,
                ALICE.write(),
                new BatchRequest(file, "/v1/embeddings", "1h", Duration.ofHours(1), null))
            .id();
    batches.cancel(id, ALICE);
    batches.validated(id, new CheckedInput(List.of(new Region(1, 0, 1, 1)), 1, List.of()));
    assertThat(found(id).status()).isEqualTo(BatchStatus.CANCELLED);
    assertThat(scheduled).containsExactly("validate");
  }

  @Test
  void theFirstReasonToEnd_stays() {
    String id = batch(1);
    batches.fail(id, "credentials_invalid", "gone");
    batches.cancel(id, ALICE);
    batches.expire(id);
    batches.settle(batches.take(id, 0).orElseThrow(), failed("e"));
    Batch ended = found(id);
    assertThat(ended.status()).isEqualTo(BatchStatus.FAILED);
    assertThat(ended.errors()).contains("gone");
    assertThat(ended.times().failed()).isEqualTo(now.getEpochSecond());
  }

  @Test
  void expired_isWhatHasLinesWithoutAnAnswer() {
    String late = batch(1);
    String inTime = batch(1);
    now = now.plus(Duration.ofHours(1));
    for (String id : List.of(late, inTime)) {
      assertThat(batches.endingOf(found(id))).isEqualTo(Ending.EXPIRED);
      batches.expire(id);
    }
    batches.settle(batches.take(late, 0).orElseThrow(), failed("e"));
    batches.settle(batches.take(inTime, 0).orElseThrow(), answered("o"));
    assertThat(found(late).status()).isEqualTo(BatchStatus.EXPIRED);
    assertThat(found(inTime).status()).isEqualTo(BatchStatus.COMPLETED);
  }

  @Test
  void expired_isWhatHasLinesThatAreLost_thoughNoFileTellsThem() {
    String id = batch(1);
    Slice slice = batches.take(id, 0).orElseThrow();
    batches.expire(id);
    batches.loseInput(id);
    assertThat(batches.settle(slice, new SliceResult(null, null, 0, 1, 0))).isTrue();
    assertThat(found(id).status()).isEqualTo(BatchStatus.EXPIRED);
    assertThat(found(id).counts()).isEqualTo(new Batch.Counts(1, 0, 1));
  }

  @Test
  void lastStatus_isToldOnce_whenItIsCommitted() {
    String id = batch(2);
    batches.settle(batches.take(id, 0).orElseThrow(), answered("o"));
    assertThat(ended).isEmpty();
    Slice last = batches.take(id, 1).orElseThrow();
    transactions.executeWithoutResult(
        transaction -> {
          batches.settle(last, answered("lost"));
          transaction.setRollbackOnly();
        });
    assertThat(ended).isEmpty();
    Slice again = batches.take(id, 1).orElseThrow();
    batches.settle(again, answered("o"));
    batches.settle(again, answered("late"));
    assertThat(ended).containsExactly(BatchStatus.COMPLETED);
    String cancelled = batch(1);
    batches.cancel(cancelled, ALICE);
    batches.settle(batches.take(cancelled, 0).orElseThrow(), failed("e"));
    assertThat(ended).containsExactly(BatchStatus.COMPLETED, BatchStatus.CANCELLED);
  }

  @Test
  void everyEnd_isAnnouncedOnce() {
    String wrong = created();
    batches.validated(
        wrong, new CheckedInput(List.of(), 0, List.of(new LineError("code", "wrong", null, 1))));
    String cancelled = created();
    batches.cancel(cancelled, ALICE);
    batches.validated(cancelled, null);
    String expired = batch(1);
    batches.expire(expired);
    batches.settle(batches.take(expired, 0).orElseThrow(), failed("e"));
    String completed = batch(1);
    Slice slice = batches.take(completed, 0).orElseThrow();
    batches.settle(slice, answered("o"));
    batches.settle(slice, answered("o"));
    assertThat(announced)
        .containsExactly(
            "batch.failed " + wrong + " alice",
            "batch.cancelled " + cancelled + " alice",
            "batch.expired " + expired + " alice",
            "batch.completed " + completed + " alice");
  }

  @Test
  void batchThatCannotBeAnnounced_hasNotEnded() {
    String id = batch(1);
    Slice slice = batches.take(id, 0).orElseThrow();
    webhooksFail = true;
    assertThatThrownBy(() -> batches.settle(slice, answered("o"))).hasMessage("no database");
    assertThat(found(id).status()).isEqualTo(BatchStatus.IN_PROGRESS);
    webhooksFail = false;
    assertThat(batches.settle(slice, answered("o"))).isTrue();
    assertThat(found(id).status()).isEqualTo(BatchStatus.COMPLETED);
  }
}
