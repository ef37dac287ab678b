package io.onnxfleet.engine.notes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.crash.CrashReport;
import io.onnxfleet.engine.crash.RunMarks.DeadProcess;
import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.metrics.ModelVersionId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private static final ModelVersionId ID = new ModelVersionId("m", 1);
  private static final String CONTENT = "0123456789abcdef";
  private static final Mark OPEN = new Mark(ID, CONTENT, 0, "");
  private static final Mark OTHER = new Mark(new ModelVersionId("n", 1), "fff", 9, "z [1]");

  private final CrashFolder reports = CrashFolder.ofThisProcess();
  private final ModelNotes notes = ModelNotes.inMemory();
  private Instant now = Instant.ofEpochSecond(1_800_000_000);
  private final Quarantine quarantine = new Quarantine(notes, () -> now);

  private static Mark run(long shape) {
    return new Mark(ID, CONTENT, shape, "x [1, %d]".formatted(shape));
  }

  private void died(@Nullable CrashReport report, Mark... running) {
    quarantine.judge(
        List.of(new DeadProcess(1, now, List.of(running), List.of(OTHER, OPEN), report)), reports);
  }

  private static CrashReport crash(boolean isInOnnxRuntime, @Nullable ModelVersionId model) {
    return new CrashReport(
        Path.of("/absent/hs_err_pid1.log"), "SIGSEGV", "libx.so+0x1", isInOnnxRuntime, model);
  }

  private String reason() {
    return quarantine.find(CONTENT).map(Quarantine.Entry::reason).orElse("none");
  }

  @Test
  void aCrashInOnnxRuntime_isEvidence_alsoInOrdinaryServing() {
    died(crash(true, ID));
    assertThat(reason()).isEqualTo("SIGSEGV in libx.so+0x1 (details: /absent/hs_err_pid1.log)");
    assertThat(quarantine.entries())
        .extracting(Quarantine.Entry::id, Quarantine.Entry::brief)
        .containsExactly(tuple(ID, "0123456789ab"));
    assertThat(quarantine.find("fff")).isEmpty();
  }

  @Test
  void aCrashElsewhere_orOfNobodyKnown_isNone() {
    died(crash(false, ID));
    died(crash(true, null));
    died(crash(true, new ModelVersionId("m", 2)));
    assertThat(quarantine.entries()).isEmpty();
  }

  @Test
  void kills_areNoEvidence_whileNothingRunsForTheFirstTime() {
    for (int kill = 0; kill < 10; kill++) {
      died(null);
    }
    assertThat(quarantine.entries()).isEmpty();
  }

  @Test
  void theSecondDeathInAFirstRun_isEvidence() {
    died(null, run(8));
    assertThat(reason()).isEqualTo("none");
    died(null, run(16));
    assertThat(reason())
        .isEqualTo(
            "2 processes ended while they ran it for the first time, on x [1, 8] and x [1, 16]");
  }

  @Test
  void aShapeThatRunsWell_clearsItsDeath() {
    died(null, run(8));
    quarantine.ranWell(CONTENT, Set.of(7L));
    quarantine.ranWell(CONTENT, Set.of(8L));
    assertThat(quarantine.shapes(CONTENT)).containsExactlyInAnyOrder(7L, 8L);
    died(null, run(16));
    assertThat(reason()).isEqualTo("none");
    died(null, run(32));
    assertThat(reason()).startsWith("2 processes");
  }

  @Test
  void deathsOfSeveralAtOnce_areNobodys() {
    died(null, run(8), OTHER);
    died(null, run(8), OTHER);
    assertThat(quarantine.entries()).isEmpty();
  }

  @Test
  void deaths_areForgottenAfterAWhile() {
    died(null, run(8));
    now = now.plus(Quarantine.REMEMBERED).plus(Duration.ofSeconds(1));
    died(null, run(8));
    assertThat(quarantine.entries()).isEmpty();
  }

  @Test
  void lift_forgetsAll() {
    died(null, run(8));
    died(null, run(8));
    assertThat(new Quarantine(notes, () -> now).lift(CONTENT)).isTrue();
    assertThat(quarantine.lift(CONTENT)).isFalse();
    assertThat(quarantine.entries()).isEmpty();
    died(null, run(8));
    assertThat(reason()).as("the count begins anew").isEqualTo("none");
  }
}
