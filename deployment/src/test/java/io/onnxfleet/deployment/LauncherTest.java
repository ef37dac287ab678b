package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code ./fleet status} says of a process that died, in a checkout that has but the script.
 */
class LauncherTest {
  private static final String REFUSED =
      """
      2026-11-28T16:22:51 INFO  Started InferenceService in 9.681 seconds
      2026-11-28T16:22:52 INFO  Error parsing HTTP request header

      java.lang.IllegalArgumentException: Request header is too large
      \tat org.apache.coyote.http11.Http11InputBuffer.fill(Http11InputBuffer.java:785)
      2026-11-28T16:22:53 WARN  POST /v2/models/m/infer: ERROR of a caller
      """;
  private static final String CRASH =
      """
      #
      # A fatal error has been detected by the Java Runtime Environment:
      #
      #  SIGBUS (0x7) at pc=0x00007fa61a0ccd75, pid=99999999, tid=14039
      #
      # JRE version: OpenJDK Runtime Environment Temurin-25.0.3+9 (25.0.3+9)
      # Problematic frame:
      # C  [libonnxruntime.so+0xcccd75]
      #
      """;

  @TempDir private Path root;

  @BeforeEach
  void makesAFleetWhoseReplicaDied() throws IOException {
    Files.copy(Repository.path("fleet"), root.resolve("fleet"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.createDirectories(root.resolve(".fleet/run"));
    Files.createDirectories(root.resolve(".fleet/logs"));
    Files.createDirectories(root.resolve(".fleet/crashes"));
    Files.writeString(root.resolve(".fleet/settings"), "replicas=1\n");
    Files.writeString(root.resolve(".fleet/run/replica-18081"), "99999999 18081\n");
  }

  private String status(String log) throws IOException, InterruptedException {
    Files.writeString(root.resolve(".fleet/logs/replica-18081.log"), log);
    Process status =
        new ProcessBuilder("bash", root.resolve("fleet").toString(), "status")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String said = new String(status.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(status.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(status.exitValue()).isEqualTo(1);
    return said.strip();
  }

  private static String died(String words) {
    return "fleet: replica-18081 died: " + words + " (log: .fleet/logs/replica-18081.log)";
  }

  @Test
  void status_tellsTheCrashAndItsFile_whenTheJvmWroteOne() throws Exception {
    Files.writeString(
        root.resolve(".fleet/crashes/hs_err_replica-18081_99999999.log"),
        CRASH
            + """

            ---------------  T H R E A D  ---------------

            Current thread (0x00007fa5d8290480):  JavaThread "model-bert:1-0" daemon [_thread_in_native]

            siginfo: si_signo: 7 (SIGBUS), si_code: 2 (BUS_ADRERR), si_addr: 0x00007fa5e43fa000
            """);
    assertThat(status(REFUSED))
        .isEqualTo(
            died(
                "# SIGBUS (0x7), Problematic frame: C  [libonnxruntime.so+0xcccd75], in the thread"
                    + " \"model-bert:1-0\" (details: .fleet/crashes/hs_err_replica-18081_99999999.log)"));
  }

  @Test
  void status_tellsTheCrash_whenOnlyTheLogHasIt() throws Exception {
    assertThat(status(REFUSED + CRASH))
        .isEqualTo(died("# SIGBUS (0x7), Problematic frame: C  [libonnxruntime.so+0xcccd75]"));
  }

  @Test
  void status_tellsTheEndOfTheLog_whenTheProcessWasKilled() throws Exception {
    assertThat(status(REFUSED))
        .isEqualTo(
            died(
                "without a word, as by kill -9 or for lack of memory; its log ends:"
                    + " 2026-11-28T16:22:53 WARN  POST /v2/models/m/infer: ERROR of a caller"));
    assertThat(status("")).isEqualTo(died("without a word"));
  }

  @Test
  void status_tellsWhyItDidNotStart() throws Exception {
    assertThat(
            status(
                """

                ***************************
                APPLICATION FAILED TO START
                ***************************

                Description:

                Web server failed to start. Port 8081 was already in use.

                Action:

                Identify and stop the process that's listening on port 8081.
                """))
        .isEqualTo(died("Web server failed to start. Port 8081 was already in use."));
    assertThat(
            status(
                """
                2026-11-28 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed

                org.springframework.beans.factory.BeanCreationException: Error creating bean
                \tat org.springframework.X.y(X.java:1)
                Caused by: java.nio.file.NoSuchFileException: /models
                \t... 1 more
                """))
        .isEqualTo(died("Caused by: java.nio.file.NoSuchFileException: /models"));
    assertThat(status(REFUSED + "Terminating due to java.lang.OutOfMemoryError: Java heap space\n"))
        .isEqualTo(died("Terminating due to java.lang.OutOfMemoryError: Java heap space"));
    assertThat(
            status(
                """
                Error occurred during initialization of VM
                Error: Could not create the Java Virtual Machine.
                """))
        .isEqualTo(died("Error occurred during initialization of VM"));
  }
}
