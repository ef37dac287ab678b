package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.launcher.fleet.FleetEnvironment;
import io.onnxfleet.launcher.fleet.FleetFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code ./fleet}, alone in a checkout and with the launcher that was built. */
class LauncherTest {
  @TempDir private Path root;

  /** What a command answered. */
  private record Said(int code, String out, String err) {}

  @BeforeEach
  void copyTheScript() throws IOException {
    Files.copy(Repository.path("fleet"), root.resolve("fleet"), StandardCopyOption.COPY_ATTRIBUTES);
  }

  private Said fleet(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bash", root.resolve("fleet").toString()));
    command.addAll(List.of(arguments));
    Path out = root.resolve("out");
    Path err = root.resolve("err");
    ProcessBuilder start =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    start.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process fleet = start.start();
    assertThat(fleet.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Said(
        fleet.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  private void linkTheLauncher() throws IOException {
    Path layout = Repository.path("launcher/target/layout").toRealPath();
    Files.createDirectories(root.resolve("launcher/target"));
    Files.createSymbolicLink(root.resolve("launcher/target/layout"), layout);
  }

  @Test
  void checkout_thatWasNeverBuilt_answersWithoutABuild() throws Exception {
    assertThat(fleet("status")).isEqualTo(new Said(1, "the fleet is not running\n", ""));
    assertThat(fleet("down")).isEqualTo(new Said(0, "the fleet is not running\n", ""));
    assertThat(fleet().out()).startsWith("usage: ./fleet COMMAND\n");
    assertThat(fleet("java-home").out().strip()).isNotEmpty();
    assertThat(fleet("logs")).isEqualTo(new Said(1, "", "fleet: there are no logs yet\n"));
    assertThat(fleet("nonsense"))
        .isEqualTo(
            new Said(1, "", "fleet: unknown command 'nonsense' (./fleet help lists them)\n"));
    assertThat(fleet("up", "--replica", "3").err())
        .startsWith("fleet: up: unknown option '--replica' (expected: --replicas N, ");
    assertThat(fleet("demo", "now").err()).isEqualTo("fleet: demo: unknown option 'now'\n");
    assertThat(fleet("logs", "-n").err())
        .isEqualTo("fleet: logs: unknown option '-n' (expected: -f)\n");
    assertThat(fleet("logs", "a", "b").err())
        .isEqualTo("fleet: logs: 'b' beside 'a' (expected: one service)\n");
  }

  @Test
  void module_isStale_onceASourceFileIsNewer_orWasDeleted() throws Exception {
    Path made = root.resolve("some/target/layout/application.args");
    Path folder = root.resolve("some/src/main/java");
    Files.createDirectories(made.getParent());
    Files.createDirectories(folder);
    Files.createFile(folder.resolve("Kept.java"));
    Path other = Files.createFile(folder.resolve("Other.java"));
    try (Stream<Path> sources = Files.walk(root.resolve("some/src"))) {
      for (Path each : sources.toList()) {
        Files.setLastModifiedTime(each, FileTime.fromMillis(1_000_000));
      }
    }
    Files.createFile(made);
    Files.setLastModifiedTime(made, FileTime.fromMillis(2_000_000));
    assertThat(isStale()).isFalse();

    Files.setLastModifiedTime(other, FileTime.fromMillis(3_000_000));
    assertThat(isStale()).isTrue();

    Files.delete(other);
    assertThat(isStale()).isTrue();
  }

  private boolean isStale() throws IOException, InterruptedException {
    Process asked =
        new ProcessBuilder("bash", "-c", ". ./fleet help >out && is_stale some")
            .directory(root.toFile())
            .redirectError(root.resolve("err").toFile())
            .start();
    assertThat(asked.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(root.resolve("err")).isEmptyFile();
    return asked.exitValue() == 0;
  }

  /** What is killed has not finished what it had. */
  @Test
  void down_waitsLongerThanAnyServiceTakes() throws IOException {
    Duration limit = FleetEnvironment.of(Map.of(), new FleetFolder(root), root).stopTimeout();
    assertThat(limit)
        .isGreaterThan(Duration.ofSeconds(Repository.inferenceStopSeconds()))
        .isGreaterThan(Duration.ofSeconds(Repository.gatewayStopSeconds()))
        .isGreaterThan(Duration.ofSeconds(Repository.jobsStopSeconds()));
    assertThat(Repository.read("docs/operations.md"))
        .contains(
            "what has not stopped in %d s".formatted(limit.toSeconds()),
            "`FLEET_STOP_TIMEOUT` (%d s)".formatted(limit.toSeconds()));
  }

  @Test
  void status_tellsWhatAProcessDiedOf() throws Exception {
    linkTheLauncher();
    Files.createDirectories(root.resolve(".fleet/run"));
    Files.createDirectories(root.resolve(".fleet/logs"));
    Files.createDirectories(root.resolve(".fleet/crashes"));
    Files.writeString(root.resolve(".fleet/settings"), "replicas=1\nrestart=no\n");
    Files.writeString(root.resolve(".fleet/run/replica-18081"), "99999999 18081\n");
    Files.writeString(
        root.resolve(".fleet/crashes/hs_err_replica-18081_99999999.log"),
        """
        #
        #  SIGBUS (0x7) at pc=0x00007fa61a0ccd75, pid=99999999, tid=14039
        #
        # Problematic frame:
        # C  [libonnxruntime.so+0xcccd75]
        """);
    assertThat(fleet("status"))
        .isEqualTo(
            new Said(
                1,
                """
                SERVICE                   PID   PORT  STATE
                replica-18081        99999999  18081  dead
                """,
                "fleet: replica-18081 died: # SIGBUS (0x7), Problematic frame: C"
                    + "  [libonnxruntime.so+0xcccd75] (details:"
                    + " .fleet/crashes/hs_err_replica-18081_99999999.log)"
                    + " (log: .fleet/logs/replica-18081.log)\n"));
    assertThat(fleet("up", "--replicas", "none").err())
        .isEqualTo("fleet: --replicas: 'none' (expected: a whole number, at least 1)\n");
    assertThat(fleet("down", "now").err()).isEqualTo("fleet: down: unknown option 'now'\n");
    assertThat(fleet("down")).isEqualTo(new Said(0, "the fleet is down\n", ""));
  }
}
