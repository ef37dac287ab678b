package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
    assertThat(fleet("down")).isEqualTo(new Said(0, "the fleet is down\n", ""));
  }
}
