package io.onnxfleet.engine.repository.config.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FamilyMembershipTest {

  @Test
  void membership_isRead_whenAFamilyIsNamed() {
    assertThat(FamilyMembership.of(Map.of("family", "minilm", "quality", "0.97")))
        .contains(new FamilyMembership("minilm", 0.97, false, 0));
    assertThat(
            FamilyMembership.of(
                Map.of(
                    "family", "minilm", "quality", "1", "comparable", "true", "cost_ms", "4.25")))
        .contains(new FamilyMembership("minilm", 1, true, 4.25));
  }

  @Test
  void membership_isNone_whenNoFamilyIsNamed() {
    assertThat(FamilyMembership.of(Map.of("quality", "high"))).isEmpty();
    assertThat(FamilyMembership.of(Map.of("family", " "))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "other|x|parameters quality: missing (expected: 0 to 1, since it is of family 'f')",
        "quality|1.1|parameters quality: '1.1' (expected: 0 to 1)",
        "quality|NaN|parameters quality: 'NaN' (expected: 0 to 1)",
        "quality|good|parameters quality: 'good' (expected: 0 to 1)",
        "comparable|yes|parameters comparable: 'yes' (expected: true or false)",
        "cost_ms|-1|parameters cost_ms: '-1' (expected: 0 to 86400000)",
      })
  void membership_isRefusedByName_whenAValueMakesNoSense(String name, String value, String why) {
    Map<String, String> parameters =
        name.equals("quality") || name.equals("other")
            ? Map.of("family", "f", name, value)
            : Map.of("family", "f", "quality", "1", name, value);

    assertThatThrownBy(() -> FamilyMembership.of(parameters)).hasMessage(why);
  }
}
