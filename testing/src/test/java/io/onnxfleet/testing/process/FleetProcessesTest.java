package io.onnxfleet.testing.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetProcessesTest {
  @TempDir private Path root;

  private FleetProcesses processes() throws IOException {
    return new FleetProcesses(root, root.resolve("logs"));
  }

  private static List<String> shell(String script) {
    return List.of("sh", "-c", script);
  }

  @Test
  void close_endsWhateverWasStarted() throws Exception {
    Running one;
    Running other;
    try (FleetProcesses processes = processes()) {
      one = processes.startOther("one", 0, shell("exec sleep 600"));
      other = processes.startOther("other", 0, shell("exec sleep 600"));
      assertThat(one.process().isAlive() && other.process().isAlive()).isTrue();
    }
    assertThat(one.process().isAlive() || other.process().isAlive()).isFalse();
  }

  @Test
  void startAgain_goesOnWithItsLog_onItsPort() throws Exception {
    try (FleetProcesses processes = processes()) {
      Running first = processes.startOther("it", 4711, shell("echo started"));

      Running again = processes.startAgain(first);

      again.awaitEnd();
      assertThat(again.port()).isEqualTo(4711);
      assertThat(Files.readAllLines(again.log())).containsExactly("started", "started");
    }
  }

  @Test
  void awaitOk_tellsOfAProcessThatEnded() throws Exception {
    try (FleetProcesses processes = processes()) {
      Running ended = processes.startOther("short", FleetProcesses.freePort(), shell("exit 3"));

      assertThatThrownBy(() -> processes.awaitOk(ended, "/"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("short ended, see ");
    }
  }

  @Test
  void status_isNone_whereNobodyListens() throws Exception {
    try (FleetProcesses processes = processes()) {
      Running silent =
          processes.startOther("silent", FleetProcesses.freePort(), shell("exec sleep 600"));

      assertThat(processes.status(silent, "/")).isZero();
      assertThat(processes.get(silent, "/")).isEmpty();
      assertThat(processes.isOk(silent, "/")).isFalse();
    }
  }

  @Test
  void signal_thatIsNone_isRefused() throws Exception {
    try (FleetProcesses processes = processes()) {
      Running it = processes.startOther("it", 0, shell("exec sleep 600"));

      assertThatThrownBy(() -> it.signal("NONSENSE"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("exit code");
    }
  }
}
