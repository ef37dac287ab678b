package io.onnxfleet.engine.repository.config.reading;

import static io.onnxfleet.engine.repository.config.reading.Signatures.signature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.tensor.PaddingSide;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PaddingRuleTest {
  private static final String BERT =
      "input_ids INT64[batch,sequence]; attention_mask INT64[batch,sequence];"
          + " token_type_ids INT64[batch,sequence]";

  @Test
  void derive_padsAllThatShareTheMasksSequence_whenItIsNamed() {
    SequencePadding padding =
        PaddingRule.derive(
            signature(BERT, "tokens FP32[batch,sequence,50]; pooled FP32[batch,50]"), Map.of());

    assertThat(padding)
        .isEqualTo(
            new SequencePadding(
                List.of("input_ids", "attention_mask", "token_type_ids"),
                Optional.of(List.of("tokens")),
                Optional.empty()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "no mask|input_ids INT64[b,s]|y FP32[b,s]||",
        "mask of rank 1|attention_mask INT64[b]|y FP32[b]||",
        "mask of fixed length|attention_mask INT64[b,128]|y FP32[b]||",
        "bias of two sequences|attention_mask INT64[b,s]; bias FP32[b,s,s]|y FP32[b,4]||",
        "unnamed, fixed outputs|attention_mask INT64[?,?]; ids INT32[?,?]; x FP32[?,?]|y"
            + " FP32[?,4]|attention_mask,ids|told",
        "unnamed, variable output|attention_mask INT64[?,?]; ids INT64[?,?]|y"
            + " FP32[?,?,4]|attention_mask,ids|",
        "output of another name|attention_mask INT64[b,s]|y FP32[b,t,4]|attention_mask|",
        "output without a name|attention_mask INT64[b,s]|y FP32[b,?,4]|attention_mask|",
        "sequence at another axis|attention_mask INT64[b,s]|y FP32[b,8,s]|attention_mask|",
        "sequence at two axes|attention_mask INT64[b,s]|y FP32[b,s,s]|attention_mask|",
        "floats of the sequence|attention_mask INT64[b,s]; embeds FP32[b,s,8]|y"
            + " FP32[b,4]|attention_mask,embeds|told",
        "another input|attention_mask INT64[b,s]; image FP32[b,w]|y FP32[b,4]|attention_mask|told",
        "a scalar|attention_mask INT64[b,s]|y FP32[]|attention_mask|",
      })
  void derive_namesWhatMightBePadded_andWhetherNamesTellTheOutputs(
      String name, String inputs, String outputs, @Nullable String padded, @Nullable String told) {
    SequencePadding padding = PaddingRule.derive(signature(inputs, outputs), Map.of());

    assertThat(padding == null ? null : String.join(",", padding.inputs()))
        .as(name)
        .isEqualTo(padded);
    assertThat(padding != null && padding.outputs().isPresent()).as(name).isEqualTo(told != null);
  }

  @Test
  void derive_refuses_whenASideIsAskedForAndNothingHasALength() {
    assertThatThrownBy(
            () ->
                PaddingRule.derive(
                    signature("input_ids INT64[b,s]", "y FP32[b,4]"), Map.of("padding", "left")))
        .hasMessageContaining(
            "parameter 'padding': left (expected auto or none: the model has no input"
                + " 'attention_mask' of variable length)");
  }

  @Test
  void derive_padsNothing_whenSwitchedOff() {
    assertThat(PaddingRule.derive(signature(BERT, "y FP32[batch,4]"), Map.of("padding", "none")))
        .isNull();
    assertThat(PaddingRule.derive(signature(BERT, "y FP32[batch,4]"), Map.of("padding", "auto")))
        .isNotNull();
  }

  @ParameterizedTest
  @CsvSource({"auto,", "left,LEFT", "right,RIGHT"})
  void derive_takesTheSide_fromTheParameter(String value, @Nullable PaddingSide side) {
    assertThat(PaddingRule.derive(signature(BERT, "y FP32[batch,4]"), Map.of("padding", value)))
        .isNotNull()
        .extracting(SequencePadding::side)
        .isEqualTo(Optional.ofNullable(side));
  }

  @Test
  void derive_refuses_whenTheParameterIsNoSide() {
    assertThatThrownBy(
            () -> PaddingRule.derive(signature(BERT, "y FP32[batch,4]"), Map.of("padding", "both")))
        .hasMessageContaining(
            "parameter 'padding': both (expected one of auto, none, left, right)");
  }

  @Test
  void derive_padsNothing_whenTheConfigFixesTheLength() {
    String fixed =
        """
        max_batch_size: 4
        input { name: "attention_mask" dims: [ 128 ] }
        """;

    assertThat(
            ModelConfigDerivation.derive(
                    "m",
                    ModelConfigParser.parse("m/config.pbtxt", fixed),
                    signature(BERT, "y FP32[batch,4]"))
                .sequencePadding())
        .isNull();
    assertThat(
            ModelConfigDerivation.derive("m", null, signature(BERT, "y FP32[batch,4]"))
                .sequencePadding())
        .isNotNull();
  }
}
