package io.onnxfleet.launcher.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetLockTest {
  @TempDir private Path state;

  private final Set<Long> alive = new HashSet<>(Set.of(1L, 2L));

  private FleetLock.Attempt attempt(long pid) throws IOException {
    return FleetLock.attempt(state.resolve("lock"), pid, alive::contains);
  }

  private static FleetLock held(FleetLock.Attempt attempt) {
    assertThat(attempt).isInstanceOf(FleetLock.Held.class);
    return ((FleetLock.Held) attempt).lock();
  }

  @Test
  void attempt_isRefused_whileAnotherHoldsIt() throws IOException {
    FleetLock first = held(attempt(1));
    assertThat(attempt(2)).isEqualTo(new FleetLock.Taken(1));
    first.close();
    held(attempt(2)).close();
    assertThat(state.resolve("lock")).doesNotExist();
  }

  @Test
  void attempt_succeeds_whenTheHolderIsGone() throws IOException {
    held(attempt(1));
    alive.remove(1L);
    held(attempt(2));
    assertThat(attempt(3)).isEqualTo(new FleetLock.Taken(2));
    try (var left = Files.list(state)) {
      assertThat(left).containsExactly(state.resolve("lock"));
    }
  }

  @Test
  void attempt_succeeds_whenTheHoldersIdIsAnotherProcesssByNow() throws IOException {
    FleetFolder folder = new FleetFolder(state);
    held(FleetLock.attempt(folder));
    long self = ProcessHandle.current().pid();
    assertThat(FleetLock.attempt(folder)).isEqualTo(new FleetLock.Taken(self));
    Instant start = ProcessHandle.current().info().startInstant().orElseThrow();
    Files.setLastModifiedTime(
        folder.lock().resolve("pid"), FileTime.from(start.minus(Duration.ofHours(1))));
    held(FleetLock.attempt(folder)).close();
  }

  @Test
  void attempt_succeeds_whenTheHolderLeftNoName() throws IOException {
    Files.createDirectory(state.resolve("lock"));
    held(attempt(1)).close();
  }
}
