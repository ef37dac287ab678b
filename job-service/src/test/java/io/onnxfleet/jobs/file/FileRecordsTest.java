package io.onnxfleet.jobs.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.Names;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileRecordsTest {
  private static final WorkOwner ALICE = WorkOwner.named("alice");
  private static final WorkOwner BOB = WorkOwner.named("bob");

  private final MemoryDatabase database = MemoryDatabase.make();
  private final FileRecords records = new FileRecords(database.client());

  /** They all come in the same moment. */
  private final ListedIds ids =
      new ListedIds(new Names(), () -> Instant.parse("2031-01-01T00:00:00Z"));

  private String add(WorkOwner owner) {
    String id = ids.next(StoredFile.PREFIX);
    records.add(new StoredFile(id, owner.name(), StoredFile.INPUT, "a", 1, 1));
    return id;
  }

  private List<String> list(WorkOwner viewer, @Nullable String after, boolean isAscending) {
    return records.list(new Page(viewer, after, 2, isAscending), null).stream()
        .limit(2)
        .map(StoredFile::id)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void list_goesOn_behindWhatWasDeletedSince(boolean isAscending) {
    // As earlier releases made them.
    database.addFile("file-old", "alice", 1, 1, "x");
    List<String> made = new ArrayList<>(List.of("file-old"));
    for (int file = 0; file < 6; file++) {
      made.add(add(ALICE));
      add(BOB);
    }
    List<String> seen = new ArrayList<>();
    List<String> page = list(ALICE, null, isAscending);
    while (!page.isEmpty()) {
      seen.addAll(page);
      // Of the earlier release's, nobody knows where it was.
      page.stream().filter(id -> !id.equals("file-old")).forEach(records::remove);
      page = list(ALICE, page.getLast(), isAscending);
    }
    assertThat(seen).isEqualTo(isAscending ? made : made.reversed());
  }

  @Test
  void list_isRefused_behindWhatIsNoId() {
    database.addFile("file-old", "alice", 1, 1, "x");
    assertThat(list(ALICE, "file-old", true)).isEmpty();
    for (String wrong : List.of("", "file-x", "file-old", "batch_" + "0".repeat(48), "\0")) {
      assertThatThrownBy(() -> list(BOB, wrong, true))
          .as(wrong)
          .isInstanceOf(JobException.class)
          .hasMessageContaining("after: no such file");
    }
  }
}
