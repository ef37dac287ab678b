package io.onnxfleet.engine.loading.threads;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.threads.ThreadBudget.Split;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadBudgetTest {
  private static final Split FOUR_BY_ONE = new Split(4, 1);
  private static final Split TWO_BY_TWO = new Split(2, 2);
  private static final Split ONE_BY_FOUR = new Split(1, 4);
  private static final List<Split> CANDIDATES = List.of(FOUR_BY_ONE, TWO_BY_TWO, ONE_BY_FOUR);

  @TempDir Path folder;

  private final List<Split> tried = new ArrayList<>();
  private Path model = Path.of("model.onnx");

  @BeforeEach
  void writeModel() throws IOException {
    Path version = Files.createDirectories(folder.resolve("model/1"));
    model = Files.writeString(version.resolve("model.onnx"), "content");
  }

  @Test
  void candidates_areAllSplitsByAPowerOfTwo_whenTheCountIsOpen() {
    assertThat(ThreadBudget.candidates(4, 0)).isEqualTo(CANDIDATES);
    assertThat(ThreadBudget.candidates(6, 0))
        .containsExactly(new Split(6, 1), new Split(3, 2), new Split(1, 6));
    assertThat(ThreadBudget.candidates(1, 0)).containsExactly(new Split(1, 1));
    assertThat(ThreadBudget.candidates(256, 0)).hasSize(ThreadBudget.MOST_CANDIDATES);
  }

  @Test
  void candidates_differInThreadsOnly_whenTheCountIsGiven() {
    assertThat(ThreadBudget.candidates(8, 2))
        .containsExactly(new Split(2, 4), new Split(2, 1), new Split(2, 8));
    assertThat(ThreadBudget.candidates(2, 2)).containsExactly(new Split(2, 1), new Split(2, 2));
  }

  @Test
  void choose_takesTheFastest_andTriesNoSecondTime() {
    Map<Split, Double> rates = rates(120.0, 143.0);
    assertThat(choose(rates)).isEqualTo(TWO_BY_TWO);
    assertThat(tried).hasSize(4).containsAll(CANDIDATES).endsWith(TWO_BY_TWO.spinning());
    assertThat(choose(rates)).isEqualTo(TWO_BY_TWO);
    assertThat(tried).hasSize(4);
  }

  @Test
  void choose_letsThreadsSpin_whenThatIsMuchFaster() {
    Map<Split, Double> rates = rates(120.0, 145.0);
    assertThat(choose(rates)).isEqualTo(TWO_BY_TWO.spinning());
    assertThat(choose(rates)).isEqualTo(TWO_BY_TWO.spinning());
    assertThat(tried).hasSize(4);
  }

  @Test
  void choose_keepsTheUsualSplit_whenAnotherIsHardlyFaster() {
    assertThat(choose(Map.of(FOUR_BY_ONE, 100.0, TWO_BY_TWO, 104.9, ONE_BY_FOUR, 90.0)))
        .isEqualTo(FOUR_BY_ONE);
  }

  @Test
  void choose_triesAgain_whenTheModelIsAnother() throws IOException {
    assertThat(choose(rates(120.0, 0.0))).isEqualTo(TWO_BY_TWO);
    Files.writeString(model, "other content");
    assertThat(choose(Map.of(FOUR_BY_ONE, 100.0, TWO_BY_TWO, 80.0, ONE_BY_FOUR, 90.0)))
        .isEqualTo(FOUR_BY_ONE);
    assertThat(tried).hasSize(7);
  }

  @Test
  void choose_keepsTheUsualSplit_whenTheModelCannotBeTried() {
    ThreadBudget.Trial failing =
        split -> {
          throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, "no");
        };
    assertThat(budget().choose(content(), CANDIDATES, failing)).isEqualTo(FOUR_BY_ONE);
  }

  private static Map<Split, Double> rates(double ofTwoByTwo, double spinning) {
    return Map.of(
        FOUR_BY_ONE,
        100.0,
        TWO_BY_TWO,
        ofTwoByTwo,
        ONE_BY_FOUR,
        90.0,
        TWO_BY_TWO.spinning(),
        spinning);
  }

  private Split choose(Map<Split, Double> rates) {
    return budget()
        .choose(
            content(),
            CANDIDATES,
            split -> {
              tried.add(split);
              return Objects.requireNonNull(rates.get(split));
            });
  }

  private ContentDigest content() {
    ModelFolder read = new FolderModelRepository(folder).find("model").orElseThrow();
    return read.contentOf(read.version(1).orElseThrow());
  }

  private ThreadBudget budget() {
    return new ThreadBudget(ModelNotes.open(folder.resolve("notes")), "model");
  }
}
