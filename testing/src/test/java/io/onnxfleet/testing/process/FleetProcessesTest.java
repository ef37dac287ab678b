package io.onnxfleet.testing.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetProcessesTest {
  private static final int TERMINATED = 128 + 15;
  private static final int KILLED = 128 + 9;

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

  private Path layOut(String option) throws IOException {
    Path layout = Files.createDirectories(root.resolve("job-service/target/layout"));
    Path source =
        Files.writeString(
            root.resolve("Waits.java"),
            """
            class Waits {
              public static void main(String[] arguments) throws InterruptedException {
                System.out.println("waits");
                new java.util.concurrent.CountDownLatch(1).await();
              }
            }
            """);
    run("javac", "-d", root.toString(), source.toString());
    run("jar", "-cf", layout.resolve("it.jar").toString(), "-C", root.toString(), "Waits.class");
    Files.writeString(layout.resolve("jvm.args"), option + "\n");
    Files.writeString(layout.resolve("application.args"), "-classpath\n\"it.jar\"\nWaits\n");
    return layout;
  }

  private static void run(String tool, String... arguments) {
    assertThat(ToolProvider.findFirst(tool).orElseThrow().run(System.out, System.err, arguments))
        .isZero();
  }

  private int statusOfOneThatIsClosed() throws Exception {
    Running it;
    try (FleetProcesses processes = processes().startingSoon()) {
      it = processes.startJobs("it", root);
      processes.await("its start", () -> hasPrinted(it, "waits"));
    }
    return it.process().exitValue();
  }

  private static boolean hasPrinted(Running it, String line) {
    try {
      return Files.readString(it.log()).contains(line);
    } catch (IOException none) {
      throw new UncheckedIOException(none);
    }
  }

  @Test
  void close_letsOneProcessLeaveItsClasses_toThoseThatStartSoon() throws Exception {
    Path layout = layOut("-XX:+UseSerialGC");
    assertThat(statusOfOneThatIsClosed()).isEqualTo(TERMINATED);
    assertThat(layout.resolve("tests.jsa")).exists();
    assertThat(statusOfOneThatIsClosed()).isEqualTo(KILLED);
  }

  /** A JVM takes no archive beside a cache, and does not start. */
  @Test
  void startingSoon_takesTheCache_whereThereIsOne() throws Exception {
    Path layout = layOut("-XX:AOTCache=application.aot");
    assertThat(statusOfOneThatIsClosed()).isEqualTo(KILLED);
    assertThat(layout.resolve("tests.jsa")).doesNotExist();
  }
}
