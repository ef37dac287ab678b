package io.onnxfleet.jobs.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.jobs.MemoryDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTest {
  private static final int ORPHANS = 100;

  @TempDir private Path directory;

  private final MemoryDatabase database = MemoryDatabase.make();
  private ObjectStore store;

  @BeforeEach
  void makeStore() throws IOException {
    store = new ObjectStore(directory, 0, new Names());
  }

  private String object() throws IOException {
    try (ObjectWriter object = store.create()) {
      object.write(1);
      return object.keep();
    }
  }

  private List<String> objects() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("objects"))) {
      return files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void orphansGo_inWhateverFolder_andWhatIsKnownStays() throws IOException {
    assertThat(store.hasObjects()).isFalse();
    String file = object();
    String answer = object();
    String request = object();
    database.addFile("file", "alice", 1, 1, file);
    database.addJob("ended", object(), answer, 1L);
    database.addJob("open", request, null, null);
    for (int count = 0; count < ORPHANS; count++) {
      object();
    }
    Sweep sweep = new Sweep(database.client(), store, Instant::now);
    assertThat(sweep.run()).as("what is young may be named yet").isZero();
    assertThat(sweep.run(Duration.ofSeconds(-1))).isEqualTo(ORPHANS + 1);
    assertThat(objects()).containsExactlyInAnyOrder(file, answer, request);
    assertThat(store.hasObjects()).isTrue();
  }
}
