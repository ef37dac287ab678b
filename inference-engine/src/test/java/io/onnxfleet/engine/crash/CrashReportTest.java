package io.onnxfleet.engine.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.metrics.ModelVersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports are as HotSpot 25 writes them, shortened. */
class CrashReportTest {
  private static final String SUMMARY =
      """
      #
      # A fatal error has been detected by the Java Runtime Environment:
      #
      #  SIGSEGV (0xb) at pc=0x00007fa61a0ccd75, pid=13608, tid=14039
      #
      # JRE version: OpenJDK Runtime Environment Temurin-25.0.3+9 (25.0.3+9) (build 25.0.3+9-LTS)
      # Problematic frame:
      # %s
      #
      # No core dump will be written. Core dumps have been disabled.
      #

      ---------------  S U M M A R Y ------------

      ---------------  T H R E A D  ---------------

      Current thread (0x00007fa5d8290480):  %s

      Stack: [0x00007fa6180ff000,0x00007fa6181ff000],  sp=0x00007fa6181fa4b8,  free space=1005k
      Native frames: (J=compiled Java code, j=interpreted, Vv=VM code, C=native code)
      C  %s
      """;
  private static final String JAVA_FRAMES =
      """
      Java frames: (J=compiled Java code, j=interpreted, Vv=VM code)
      v  ~RuntimeStub::nep_invoker_blob 0x00007fa628c03268
      J 6021 c1 io.onnxfleet.engine.runtime.OrtApi.call(Lio/onnxfleet/engine/runtime/OrtFunction;)V
      j  io.onnxfleet.engine.instance.TimedSession.run(Ljava/util/List;)Ljava/util/List;+12

      """;
  private static final String THREADS =
      """
      Java Threads: ( => current thread )
        0x00007fa5e410d450 JavaThread "process reaper (pid 1)" daemon [_thread_in_native, id=1, stack(0x1,0x2) (136K)]
        0x00007fa5d8290480 JavaThread "model-busy:2-0"         daemon [_thread_in_native, id=2, stack(0x1,0x2) (1024K)]
        0x00007fa5d8290481 JavaThread "model-idle:1-1"         daemon [_thread_blocked, id=3, stack(0x1,0x2) (1024K)]

      """;
  private static final String INSTANCE =
      "JavaThread \"model-a b:c:7-12\" daemon [_thread_in_native, id=14039, stack(0x1,0x2) (1024K)]";

  @TempDir private Path folder;

  private CrashReport report(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("hs_err_pid1.log"), text);
    return CrashReport.read(file).orElseThrow();
  }

  @Test
  void report_namesSignalFrameAndModel_whenAnInstanceCrashed() throws IOException {
    String frame = "[libonnxruntime.so+0xcccd75]";
    CrashReport report = report(SUMMARY.formatted("C  " + frame, INSTANCE, frame) + JAVA_FRAMES);
    assertThat(report.describe()).isEqualTo("SIGSEGV in libonnxruntime.so+0xcccd75");
    assertThat(report.isInOnnxRuntime()).isTrue();
    assertThat(report.model()).isEqualTo(new ModelVersionId("a b:c", 7));
  }

  @Test
  void report_isOnnxRuntimes_whenItCopiesByTheCLibrary() throws IOException {
    String frame = "[libc.so.6+0x15e1f3]  __memmove_avx_unaligned_erms+0xf3";
    CrashReport report = report(SUMMARY.formatted("C  " + frame, INSTANCE, frame) + JAVA_FRAMES);
    assertThat(report.describe())
        .isEqualTo("SIGSEGV in libc.so.6+0x15e1f3 __memmove_avx_unaligned_erms+0xf3");
    assertThat(report.isInOnnxRuntime()).isTrue();
    assertThat(report(SUMMARY.formatted("C  " + frame, INSTANCE, frame)).isInOnnxRuntime())
        .as("without the engine's call")
        .isFalse();
  }

  @Test
  void report_findsTheModelThatRan_whenAThreadOfTheRuntimesOwnCrashed() throws IOException {
    String frame = "[libonnxruntime.so.1.26.0+0x1]";
    String own = SUMMARY.formatted("C  " + frame, "is native thread", frame);
    assertThat(report(own + "\n" + THREADS).model()).isEqualTo(new ModelVersionId("busy", 2));
    String two =
        THREADS.replace(
            "model-idle:1-1\"         daemon [_thread_blocked",
            "model-idle:1-1\" daemon [_thread_in_native");
    assertThat(report(own + "\n" + two).model()).as("two may have done it").isNull();
  }

  @Test
  void report_isNobodys_whenTheJvmItselfCrashed() throws IOException {
    String frame = "[libjvm.so+0x1]  G1CollectedHeap::collect()+0x1";
    String thread = "VMThread \"VM Thread\" [id=1, stack(0x1,0x2) (1024K)]";
    CrashReport report = report(SUMMARY.formatted("V  " + frame, thread, frame));
    assertThat(report.isInOnnxRuntime()).isFalse();
    assertThat(report.model()).isNull();
  }

  @Test
  void read_isEmpty_whenThereIsNoReport() throws IOException {
    Path file = Files.write(folder.resolve("x.log"), new byte[] {(byte) 0xff, 10, 'a'});
    assertThat(CrashReport.read(file)).isEmpty();
    assertThat(CrashReport.read(folder.resolve("absent"))).isEmpty();
  }

  @Test
  void sweep_keepsTheLatest() throws IOException {
    for (int report = 0; report < CrashFolder.MOST_REPORTS + 5; report++) {
      Path file = Files.writeString(folder.resolve("hs_err_x_%d.log".formatted(report)), "x");
      Files.setLastModifiedTime(
          file, java.nio.file.attribute.FileTime.fromMillis(1_000_000L + report * 1000L));
    }
    Files.writeString(folder.resolve("other.log"), "x");
    new CrashFolder(folder).sweep();
    assertThat(folder.toFile().list())
        .hasSize(CrashFolder.MOST_REPORTS + 1)
        .contains("other.log", "hs_err_x_20.log", "hs_err_x_5.log")
        .doesNotContain("hs_err_x_4.log");
  }

  @Test
  void exitCodes_nameSignals() {
    assertThat(ExitCodes.describe(139))
        .isEqualTo("exit code 139, SIGSEGV (memory that is not its own)");
    assertThat(ExitCodes.describe(1)).isEqualTo("exit code 1");
    assertThat(ExitCodes.describe(160)).isEqualTo("exit code 160, signal 32");
  }
}
