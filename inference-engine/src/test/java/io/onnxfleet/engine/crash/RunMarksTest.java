package io.onnxfleet.engine.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.crash.RunMarks.DeadProcess;
import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.metrics.ModelVersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunMarksTest {
  private static final ModelVersionId ID = new ModelVersionId("m", 1);

  @TempDir private Path folder;

  private Process start(String... host) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"),
                "-cp",
                System.getProperty("java.class.path"),
                MarkingProcess.class.getName(),
                folder.resolve("running").toString()));
    command.addAll(List.of(host));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    assertThat(process.inputReader().readLine()).isEqualTo("running");
    return process;
  }

  @Test
  void takeDead_tellsWhatAKilledProcessRan_once() throws Exception {
    Process process = start();
    try {
      assertThat(RunMarks.takeDead(folder.resolve("running"))).as("it lives").isEmpty();
    } finally {
      process.destroyForcibly().waitFor();
    }
    List<DeadProcess> dead = RunMarks.takeDead(folder.resolve("running"));
    assertThat(dead).hasSize(1);
    DeadProcess one = dead.getFirst();
    assertThat(one.pid()).isEqualTo(process.pid());
    assertThat(one.report()).isNull();
    assertThat(one.open())
        .containsExactly(new Mark(new ModelVersionId("bert", 1), "content of bert", 0, ""));
    assertThat(one.running()).hasSize(1);
    Mark mark = one.running().getFirst();
    assertThat(mark.model()).isEqualTo(new ModelVersionId("größe:x", 7));
    assertThat(mark.content()).isEqualTo("f00");
    assertThat(mark.shape()).isEqualTo(-5);
    assertThat(mark.description()).startsWith("x [1, 3, 32, 32]x").hasSize(700);
    assertThat(RunMarks.takeDead(folder.resolve("running"))).as("taken before").isEmpty();
  }

  @Test
  void takeDead_findsTheReport_whereTheJvmLeftIt() throws Exception {
    Process process = start();
    // The JVM writes a report for this signal too, when something else sends it.
    boolean _ =
        new ProcessBuilder("kill", "-SEGV", Long.toString(process.pid())).start().waitFor() == 0;
    process.waitFor();
    List<DeadProcess> dead = RunMarks.takeDead(folder.resolve("running"));
    assertThat(dead).hasSize(1);
    CrashReport report = dead.getFirst().report();
    assertThat(report).isNotNull();
    assertThat(report.signal()).isEqualTo("SIGSEGV");
    assertThat(report.isInOnnxRuntime()).isFalse();
    assertThat(report.file()).isEqualTo(folder.resolve("hs_err_%d.log".formatted(process.pid())));
  }

  /**
   * Two pods on one volume, whose processes have one id: what one of them left as a report says
   * nothing of the other.
   */
  @Test
  void takeDead_leavesMarksToTheirHost_andThenTakesNoReportForTheirs() throws Exception {
    Path running = folder.resolve("running");
    Process process = start("pod-a");
    try {
      assertThat(RunMarks.takeDead(running, "pod-b")).as("it lives").isEmpty();
    } finally {
      process.destroyForcibly().waitFor();
    }
    Path report = folder.resolve("hs_err_%d.log".formatted(process.pid()));
    Files.writeString(
        report,
        """
        # A fatal error has been detected by the Java Runtime Environment:
        #
        #  SIGSEGV (0xb) at pc=0x00007f00, pid=1, tid=2
        """);
    assertThat(RunMarks.takeDead(running, "pod-b")).as("pod-a may come again").isEmpty();
    Path marks;
    try (Stream<Path> files = Files.list(running)) {
      marks = files.findFirst().orElseThrow();
    }
    Files.setLastModifiedTime(
        marks, FileTime.from(Instant.now().minus(RunMarks.LEFT_TO_ITS_HOST).minusSeconds(60)));
    List<DeadProcess> dead = RunMarks.takeDead(running, "pod-b");
    assertThat(dead).hasSize(1);
    assertThat(dead.getFirst().running()).hasSize(1);
    assertThat(dead.getFirst().report()).as("pod-b's own").isNull();
    assertThat(RunMarks.takeDead(running, "pod-a")).as("taken before").isEmpty();
  }

  @Test
  void takeDead_takesMarksOfItsOwnHost_atOnce() throws Exception {
    start("pod-a").destroyForcibly().waitFor();
    assertThat(RunMarks.takeDead(folder.resolve("running"), "pod-a")).hasSize(1);
  }

  @Test
  void close_leavesNothing() throws IOException {
    RunMarks marks = RunMarks.open(folder);
    int _ = marks.begin(new Mark(ID, "c", 1, "x"));
    assertThat(RunMarks.takeDead(folder)).as("this process lives").isEmpty();
    marks.close();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void begin_marksNoMore_whenAllSlotsAreTaken() {
    try (RunMarks marks = RunMarks.open(folder)) {
      List<Integer> slots = new ArrayList<>();
      for (int slot = 0; slot < RunMarks.SLOTS; slot++) {
        slots.add(marks.begin(new Mark(ID, "c", slot, "x")));
      }
      assertThat(slots).doesNotHaveDuplicates().doesNotContain(-1);
      int beyond = marks.begin(new Mark(ID, "c", 1, "x"));
      assertThat(beyond).isEqualTo(-1);
      marks.end(beyond);
      marks.end(slots.get(7));
      assertThat(marks.begin(new Mark(ID, "c", 1, "x"))).isEqualTo(7);
    }
  }

  @Test
  void open_goesWithout_whenTheFolderCannotBeMade() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    try (RunMarks marks = RunMarks.open(file)) {
      assertThat(marks.begin(new Mark(ID, "c", 1, "x"))).isEqualTo(-1);
      marks.end(-1);
    }
    assertThat(RunMarks.takeDead(file)).isEmpty();
  }

  @Test
  void takeDead_passesOverWhatIsNoFileOfMarks() throws IOException {
    Files.writeString(folder.resolve("a.marks"), "half");
    Files.write(folder.resolve("b.marks"), new byte[2_000_000]);
    Files.writeString(folder.resolve("c.txt"), "x");
    assertThat(RunMarks.takeDead(folder)).isEmpty();
    assertThat(folder.resolve("a.marks")).as("may still be written").exists();
    assertThat(folder.resolve("b.marks")).doesNotExist();
  }
}
