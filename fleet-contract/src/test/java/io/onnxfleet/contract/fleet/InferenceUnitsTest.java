package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InferenceUnitsTest {

  @Test
  void whatIsWritten_isReadAsItIs() {
    for (InferenceUnits units :
        new InferenceUnits[] {
          new InferenceUnits(4, 120), new InferenceUnits(4, 0), new InferenceUnits(0, 7)
        }) {
      assertThat(InferenceUnits.parse(units.asText())).isEqualTo(units);
    }
    assertThat(new InferenceUnits(4, 120).asText()).isEqualTo("rows=4, tokens=120");
    assertThat(new InferenceUnits(4, 0).asText()).isEqualTo("rows=4");
  }

  @Test
  void parse_passesOver_whatItDoesNotKnow() {
    assertThat(InferenceUnits.parse("rows=4, flops=many, tokens=5"))
        .isEqualTo(new InferenceUnits(4, 5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "rows", "rows=x", "rows=-1", "rows=1,", "flops=9"})
  void parse_isOneRow_whenItCannotBeRead(String header) {
    assertThat(InferenceUnits.parse(header)).isEqualTo(new InferenceUnits(1, 0));
  }
}
