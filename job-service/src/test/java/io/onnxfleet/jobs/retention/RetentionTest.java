package io.onnxfleet.jobs.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.batch.BatchRecords;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class RetentionTest {
  private static final int SIZE = 10;

  @TempDir private Path directory;

  private final MemoryDatabase database = MemoryDatabase.make();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Quotas quotas = new Quotas(database.client(), MemoryDatabase.properties(Map.of()));
  private ObjectStore store;
  private Instant now = Instant.ofEpochSecond(100_000);

  @BeforeEach
  void makeStore() throws IOException {
    store = new ObjectStore(directory, 0, new Names());
  }

  private void file(String id, long createdAt) throws IOException {
    database.addFile(id, "alice", SIZE, createdAt, object());
  }

  private String object() throws IOException {
    try (ObjectWriter object = store.create()) {
      object.write(new byte[SIZE], 0, SIZE);
      return object.keep();
    }
  }

  private Retention retention(Duration longest, long mostBytes) {
    return new Retention(
        new RetentionRecords(
            database.client(),
            new BatchRecords(database.client(), status -> {}),
            new FileRecords(database.client()),
            quotas,
            database.transactions()),
        store,
        quotas,
        longest,
        mostBytes,
        () -> now,
        meters);
  }

  private long objects() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("objects"))) {
      return files.filter(Files::isRegularFile).count();
    }
  }

  private double removed(String name, Reason reason) {
    return meters.get(name).tag("reason", reason.label()).counter().count();
  }

  @Test
  void batches_goWithTheirFiles_soLongAfterTheirEnd() throws IOException {
    long end = now.getEpochSecond() - 3600;
    for (String id : new String[] {"old", "shared", "read", "alone", "o1", "o2"}) {
      file(id, 1);
    }
    file("young", end + 1);
    database.addEndedBatch("b1", "alice", "old", "o1", end);
    database.addEndedBatch("b2", "alice", "shared", "o2", end + 1);
    database.addEndedBatch("b3", "alice", "shared", "", end);
    database.addBatch("b4", "alice", "read", "in_progress");
    database.addEndedBatch("b5", "alice", "read", "", end);

    retention(Duration.ofHours(1), 0).run();

    assertThat(database.ids("batch")).containsExactlyInAnyOrder("b2", "b4");
    assertThat(database.ids("stored_file"))
        .containsExactlyInAnyOrder("shared", "o2", "read", "young");
    assertThat(objects()).isEqualTo(4);
    assertThat(removed(Retention.BATCHES, Reason.AGE)).isEqualTo(3);
    assertThat(removed(Retention.FILES, Reason.AGE)).isEqualTo(3);
    assertThat(removed(Retention.BYTES, Reason.AGE)).isEqualTo(3 * SIZE);
    assertThat(removed(Retention.BATCHES, Reason.SIZE)).isZero();

    now = now.plusSeconds(1);
    retention(Duration.ofHours(1), 0).run();
    assertThat(database.ids("batch")).containsExactly("b4");
    assertThat(database.ids("stored_file")).containsExactly("read");
  }

  @Test
  void singleRequests_goWithTheirAnswers_soLongAfterTheirEnd() throws IOException {
    long end = now.getEpochSecond() - 3600;
    database.addJob("answered", object(), object(), end);
    database.addJob("failed", object(), null, end);
    database.addJob("young", object(), object(), end + 1);
    database.addJob("open", object(), null, null);

    retention(Duration.ofHours(1), 0).run();

    assertThat(database.ids("job")).containsExactlyInAnyOrder("young", "open");
    assertThat(quotas.sizeOfAll()).as("an answer, and the body of one").isEqualTo(2 * SIZE);
    assertThat(objects()).isEqualTo(3);
    assertThat(removed(Retention.JOBS, Reason.AGE)).isEqualTo(2);
    assertThat(removed(Retention.BYTES, Reason.AGE)).isEqualTo(3 * SIZE);
  }

  @Test
  void run_tellsInOneLine_whateverItRemoved(CapturedOutput output) throws IOException {
    long end = now.getEpochSecond() - 3600;
    for (String id : new String[] {"a", "b", "c"}) {
      database.addJob(id, object(), object(), end);
      file(id, end);
    }

    retention(Duration.ofHours(1), 0).run();

    assertThat(output.getOut().lines().filter(line -> line.contains("removed for")))
        .singleElement()
        .asString()
        .endsWith("removed for its age: 0 batches, 3 single requests, 3 files; 90 bytes");
  }

  /** Their owners cannot delete them. */
  @Test
  void singleRequests_goAfterThirtyDays_whereNothingElseGoes() throws IOException {
    now = Instant.ofEpochSecond(100_000_000);
    long end = now.minus(Duration.ofDays(30)).getEpochSecond();
    file("file", 1);
    database.addEndedBatch("batch", "alice", "file", "", 1);
    database.addJob("old", object(), object(), end);
    database.addJob("young", object(), object(), end + 1);

    retention(Duration.ZERO, 0).run();

    assertThat(database.ids("job")).containsExactly("young");
    assertThat(database.ids("batch")).containsExactly("batch");
    assertThat(database.ids("stored_file")).containsExactly("file");
  }

  @Test
  void answersToSingleRequests_goInTheirTurn_onceTheyAreAnHourOld() throws IOException {
    long hour = now.getEpochSecond() - 3600;
    file("i1", 1);
    database.addEndedBatch("first", "alice", "i1", "", hour - 2);
    database.addJob("second", object(), object(), hour - 1);
    database.addJob("third", object(), object(), hour);
    database.addJob("young", object(), object(), hour + 1);
    database.addJob("failed", object(), null, 1L);
    database.addJob("open", object(), null, null);

    retention(Duration.ZERO, 3 * SIZE).run();
    assertThat(database.ids("batch")).isEmpty();
    assertThat(database.ids("job")).containsExactlyInAnyOrder("third", "young", "failed", "open");

    retention(Duration.ZERO, 1).run();
    assertThat(database.ids("job")).containsExactlyInAnyOrder("young", "failed", "open");
    assertThat(quotas.sizeOfAll()).isEqualTo(2 * SIZE);
    assertThat(removed(Retention.JOBS, Reason.SIZE)).isEqualTo(2);
  }

  @Test
  void bytes_areThoseThatWereThere() throws IOException {
    String request = object();
    database.addJob("answered", request, object(), 1L);
    store.delete(request);

    retention(Duration.ofHours(1), 0).run();

    assertThat(removed(Retention.JOBS, Reason.AGE)).isEqualTo(1);
    assertThat(removed(Retention.BYTES, Reason.AGE)).isEqualTo(SIZE);
  }

  @Test
  void nothingGoes_whereNothingIsBounded() throws IOException {
    file("old", 1);
    database.addEndedBatch("b1", "alice", "old", "", 1);
    retention(Duration.ZERO, 0).run();
    assertThat(database.ids("batch")).containsExactly("b1");
    assertThat(objects()).isEqualTo(1);
  }

  @Test
  void whatEndedFirst_goesFirst_untilTheStoreIsSmallEnough() throws IOException {
    for (String id : new String[] {"i1", "i2", "i3", "read", "upload"}) {
      file(id, 1);
    }
    file("new", now.getEpochSecond());
    database.addEndedBatch("b2", "alice", "i2", "", 20);
    database.addEndedBatch("b1", "alice", "i1", "", 10);
    database.addEndedBatch("b3", "alice", "i3", "", 30);
    database.addBatch("b4", "alice", "read", "validating");

    retention(Duration.ZERO, 4 * SIZE).run();
    assertThat(database.ids("batch")).containsExactlyInAnyOrder("b3", "b4");
    assertThat(database.ids("stored_file"))
        .containsExactlyInAnyOrder("i3", "read", "upload", "new");

    retention(Duration.ZERO, SIZE).run();
    assertThat(database.ids("batch")).containsExactly("b4");
    assertThat(database.ids("stored_file"))
        .as("what a batch reads, and what has just come")
        .containsExactlyInAnyOrder("read", "new");
    assertThat(removed(Retention.BATCHES, Reason.SIZE)).isEqualTo(3);
    assertThat(removed(Retention.FILES, Reason.SIZE)).isEqualTo(4);
    assertThat(objects()).isEqualTo(2);
  }
}
