package io.onnxfleet.optimizer.sample.labelled;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelledSplitTest {
  @Test
  void stratified_keepsOutAShareOfEachLabel_inOrder() {
    List<LabelledText> texts = texts("a", 10);
    texts.addAll(texts("b", 50));
    texts.addAll(texts("c", 2));

    LabelledSplit split = LabelledSplit.stratified(texts, 0.2, 1);

    assertThat(count(split.held(), "a")).isEqualTo(2);
    assertThat(count(split.held(), "b")).isEqualTo(10);
    assertThat(count(split.held(), "c")).isEqualTo(1);
    assertThat(split.training()).isSubsetOf(texts).doesNotContainAnyElementsOf(split.held());
    assertThat(split.training().size() + split.held().size()).isEqualTo(62);
    assertThat(split.held()).isSortedAccordingTo((x, y) -> texts.indexOf(x) - texts.indexOf(y));
    assertThat(LabelledSplit.stratified(texts, 0.2, 1)).isEqualTo(split);
    assertThat(LabelledSplit.stratified(texts, 0.2, 2)).isNotEqualTo(split);
  }

  @Test
  void stratified_leavesATextToTrainOn_howeverLargeTheShare() {
    assertThat(count(LabelledSplit.stratified(texts("a", 3), 0.99, 1).training(), "a")).isOne();
  }

  @Test
  void stratified_refusesALabelOfOneText_andAShareThatIsNone() {
    List<LabelledText> texts = texts("a", 3);
    texts.add(new LabelledText("alone", "b", 9));
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> LabelledSplit.stratified(texts, 0.2, 1))
        .withMessage(
            "label 'b' has one text, in line 9 (expected: 2 or more, to train on and to judge by)");
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> LabelledSplit.stratified(texts, 1, 1))
        .withMessageStartingWith("held-out share: 1.0");
  }

  @Test
  void equalTexts_areInOnePart() {
    List<LabelledText> texts = new ArrayList<>();
    for (int time = 0; time < 4; time++) {
      texts.addAll(texts("a", 10));
    }
    for (int seed = 0; seed < 20; seed++) {
      LabelledSplit split = LabelledSplit.stratified(texts, 0.2, seed);
      assertThat(split.seenBefore()).isZero();
      assertThat(split.held()).hasSize(8);
      for (List<Integer> fold : LabelledSplit.folds(texts, 5, seed)) {
        assertThat(fold.stream().map(place -> place % 10).distinct()).hasSize(2);
      }
    }
  }

  @Test
  void folds_holdEachTextOnce_andAsManyOfALabel() {
    List<LabelledText> texts = texts("a", 25);
    texts.addAll(texts("b", 10));

    List<List<Integer>> folds = LabelledSplit.folds(texts, 5, 3);

    assertThat(folds.stream().flatMap(List::stream).sorted().toList())
        .hasSize(35)
        .doesNotHaveDuplicates();
    assertThat(folds)
        .allSatisfy(
            fold -> assertThat(fold.stream().filter(place -> place >= 25).count()).isEqualTo(2));
  }

  @Test
  void seenBefore_countsWhatStandsInBoth() {
    List<LabelledText> training = texts("a", 3);
    List<LabelledText> held =
        List.of(new LabelledText(" a 1 ", "a", 1), new LabelledText("new", "a", 2));
    assertThat(new LabelledSplit(training, held, "x").seenBefore()).isOne();
  }

  private static List<LabelledText> texts(String label, int count) {
    List<LabelledText> texts = new ArrayList<>();
    for (int text = 0; text < count; text++) {
      texts.add(new LabelledText(label + " " + text, label, text + 1));
    }
    return texts;
  }

  private static long count(List<LabelledText> texts, String label) {
    return texts.stream().filter(text -> text.label().equals(label)).count();
  }
}
