package io.onnxfleet.launcher.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastWordsTest {
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

  @TempDir private Path folder;

  private String words(String log) throws IOException {
    Path file = Files.writeString(folder.resolve("replica.log"), log);
    return LastWords.of(
        "shown", folder.resolve("report"), List.of(folder.resolve("replica.out"), file));
  }

  @Test
  void crash_isToldWithItsFileAndThread_whenTheJvmWroteOne() throws IOException {
    Files.writeString(
        folder.resolve("report"),
        CRASH
            + """

            ---------------  T H R E A D  ---------------

            Current thread (0x00007fa5d8290480):  JavaThread "model-bert:1-0" daemon [_thread_in_native]

            siginfo: si_signo: 7 (SIGBUS), si_code: 2 (BUS_ADRERR), si_addr: 0x00007fa5e43fa000
            Current thread "of something else"
            """);
    assertThat(words(REFUSED))
        .isEqualTo(
            "# SIGBUS (0x7), Problematic frame: C  [libonnxruntime.so+0xcccd75], in the thread"
                + " \"model-bert:1-0\" (details: shown)");
  }

  @Test
  void lackOfMemory_isTold_whenTheReportSaysSo() throws IOException {
    Files.writeString(
        folder.resolve("report"),
        """
        #
        # There is insufficient memory for the Java Runtime Environment to continue.
        # Native memory allocation (mmap) failed to map 4096 bytes.
        """);
    assertThat(words(""))
        .isEqualTo(
            "# There is insufficient memory for the Java Runtime Environment to continue."
                + " (details: shown)");
    Files.writeString(folder.resolve("report"), "#\n# Internal Error (x.cpp:1)\n");
    assertThat(words("")).isEqualTo("# a fatal error (details: shown)");
  }

  @Test
  void crash_isTold_whenOnlyTheLogHasIt() throws IOException {
    assertThat(words(REFUSED + CRASH))
        .isEqualTo("# SIGBUS (0x7), Problematic frame: C  [libonnxruntime.so+0xcccd75]");
    assertThat(words(CRASH + "[error occurred during error reporting]\n"))
        .startsWith("# SIGBUS (0x7)");
  }

  @Test
  void endOfTheLog_isTold_whenTheProcessWasKilled() throws IOException {
    assertThat(words(REFUSED))
        .isEqualTo(
            "without a word, as by kill -9 or for lack of memory; its log ends:"
                + " 2026-11-28T16:22:53 WARN  POST /v2/models/m/infer: ERROR of a caller");
    assertThat(words("")).isEqualTo("without a word");
    assertThat(words("\n \n")).isEqualTo("without a word");
  }

  @Test
  void description_isTold_whenItDidNotStart() throws IOException {
    assertThat(
            words(
                """

                ***************************
                APPLICATION FAILED TO START
                ***************************

                Description:

                Web server failed to start. Port 8081 was already in use.

                Action:

                Identify and stop the process that's listening on port 8081.
                """))
        .isEqualTo("Web server failed to start. Port 8081 was already in use.");
  }

  @Test
  void lastCause_isTold_whenTheRunFailed() throws IOException {
    assertThat(
            words(
                """
                2026-11-28 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed

                org.springframework.beans.factory.BeanCreationException: Error creating bean
                \tat org.springframework.X.y(X.java:1)
                Caused by: java.nio.file.NoSuchFileException: /models
                \t... 1 more
                """))
        .isEqualTo("Caused by: java.nio.file.NoSuchFileException: /models");
  }

  @Test
  void reasonOfTheJvm_isTold() throws IOException {
    assertThat(words(REFUSED + "Terminating due to java.lang.OutOfMemoryError: Java heap space\n"))
        .isEqualTo("Terminating due to java.lang.OutOfMemoryError: Java heap space");
    assertThat(
            words(
                """
                Error occurred during initialization of VM
                Error: Could not create the Java Virtual Machine.
                """))
        .isEqualTo("Error occurred during initialization of VM");
    assertThat(
            words(
                """
                Unrecognized VM option 'NoSuchOption'
                Error: Could not create the Java Virtual Machine.
                Error: A fatal exception has occurred. Program will exit.
                """))
        .isEqualTo("Unrecognized VM option 'NoSuchOption'");
    assertThat(words("Exception in thread \"main\" java.lang.Error: it\n\tat A.b(A.java)\n"))
        .isEqualTo("Exception in thread \"main\" java.lang.Error: it");
  }

  @Test
  void whatLiesFarBack_countsForNothing() throws IOException {
    assertThat(words(CRASH + "a line\n".repeat(250))).endsWith("its log ends: a line");
    assertThat(words(CRASH + "long".repeat(1 << 19) + "\nthe end\n"))
        .endsWith("its log ends: the end");
  }
}
