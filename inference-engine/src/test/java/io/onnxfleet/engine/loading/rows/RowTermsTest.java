package io.onnxfleet.engine.loading.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.instance.RowTerms.Cut;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigDerivation;
import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.engine.runtime.FakeModelSession;
import io.onnxfleet.engine.tensor.Shape;
import org.junit.jupiter.api.Test;

/** What an operator's configuration and a verdict come to, together. */
class RowTermsTest {
  private static final RowVerdict PROVEN = new RowVerdict.Proven("they agree");
  private static final RowVerdict UNPROVEN = new RowVerdict.Unproven("nothing runs");
  private static final RowVerdict ALONE = new RowVerdict.ProvenAlone("one scale");
  private static final RowVerdict REFUTED =
      new RowVerdict.Refuted("y", 2, Shape.of(2, 2), Shape.of(2, 1), "so its sizes follow");
  private static final String ANYWAY =
      "parameters { key: \"batch_invariant\" value { string_value: \"false\" } } ";

  private static ModelConfig config(String text) {
    return ModelConfigDerivation.derive(
        "m", ModelConfigParser.parse("m/config.pbtxt", text), FakeModelSession.SIGNATURE);
  }

  private static RowTerms terms(String text, RowVerdict verdict) {
    return ServingTerms.rowTerms(config(text), verdict);
  }

  private static void expect(
      String text, RowVerdict verdict, boolean merged, Cut cut, boolean bounded) {
    RowTerms terms = terms(text, verdict);
    assertThat(new RowTerms(terms.merged(), terms.cut(), terms.bounded(), ""))
        .as("%s with %s", verdict, text)
        .isEqualTo(new RowTerms(merged, cut, bounded, ""));
  }

  @Test
  void rowTerms_followTheProof_withoutABatchSize() {
    expect("", PROVEN, true, Cut.BATCHES, false);
    expect("", UNPROVEN, false, Cut.NEVER, false);
    expect("", REFUTED, false, Cut.NEVER, false);
    expect("", ALONE, false, Cut.ROWS, false);
    assertThat(terms("", REFUTED).reason())
        .isEqualTo(
            "requests run as they come: rows depend on each other: output 'y' of 2 rows has shape"
                + " [2,2] together and [2,1] alone, so its sizes follow");
  }

  @Test
  void rowTerms_takeTheOperatorsWord_unlessADifferenceWasShown() {
    expect("max_batch_size: 8", PROVEN, true, Cut.BATCHES, false);
    expect("max_batch_size: 8", UNPROVEN, true, Cut.NEVER, true);
    expect("max_batch_size: 8", REFUTED, false, Cut.NEVER, true);
    expect("max_batch_size: 8", ALONE, false, Cut.ROWS, false);
    assertThat(terms("max_batch_size: 8", UNPROVEN).reason())
        .isEqualTo(
            "requests are merged up to 8 rows: max_batch_size says so, though not proven:"
                + " nothing runs");
  }

  @Test
  void rowTerms_mergeAllTheSame_whenTheOperatorInsists() {
    expect(ANYWAY + "max_batch_size: 8", REFUTED, true, Cut.NEVER, true);
    expect(ANYWAY, REFUTED, true, Cut.NEVER, false);
    expect(ANYWAY, ALONE, true, Cut.BATCHES, false);
    expect(ANYWAY, UNPROVEN, true, Cut.NEVER, false);
  }

  @Test
  void rowTerms_neverMerge_whenTheBatchSizeIsZero() {
    expect("max_batch_size: 0", PROVEN, false, Cut.NEVER, false);
    expect(ANYWAY + "max_batch_size: 0", PROVEN, false, Cut.NEVER, false);
    assertThat(config("max_batch_size: 0").isBatched()).isFalse();
    assertThat(terms("max_batch_size: 0", PROVEN).reason())
        .isEqualTo("requests run as they come: the configuration says max_batch_size: 0");
  }

  @Test
  void rowTerms_namesWhatIsExpected_whenTheParameterIsWrong() {
    assertThatThrownBy(
            () ->
                terms(
                    "parameters { key: \"batch_invariant\" value { string_value: \"no\" } }",
                    PROVEN))
        .isInstanceOf(InferenceException.class)
        .hasMessage("parameter 'batch_invariant': no (expected one of true, false)");
  }

  @Test
  void toJson_showsADerivedBatchAmongTheDims_whenRequestsAreNotMerged() {
    ModelConfig config = config("");

    assertThat(config.toJson("why", true))
        .contains("\"max_batch_size\":32", "\"dims\":[3]", "\"rows\":{\"string_value\":\"why\"}");
    assertThat(config.toJson("why not", false))
        .contains("\"max_batch_size\":0", "\"dims\":[-1,3]", "\"string_value\":\"why not\"")
        .doesNotContain("dynamic_batching", "\"dims\":[3]");
    assertThat(config("max_batch_size: 8").toJson("why not", false))
        .contains("\"max_batch_size\":8", "\"dims\":[3]");
  }
}
