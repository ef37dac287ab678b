package io.onnxfleet.gateway.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.HeaderNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;

class FamilyTermsTest {

  private static HttpHeaders headers(String name, String value) {
    HttpHeaders headers = new HttpHeaders();
    headers.set(name, value);
    return headers;
  }

  @Test
  void terms_areNone_withoutHeaders() {
    assertThat(FamilyTerms.areIn(new HttpHeaders())).isFalse();
    assertThat(FamilyTerms.read(new HttpHeaders()))
        .isEqualTo(new FamilyTerms(FamilyTerms.NO_BUDGET, 0));
  }

  @Test
  void terms_areRead_whenGiven() {
    HttpHeaders headers = headers(HeaderNames.LATENCY_BUDGET_MILLIS, " 12.5 ");
    headers.set(HeaderNames.MIN_QUALITY, "0.9");

    assertThat(FamilyTerms.areIn(headers)).isTrue();
    assertThat(FamilyTerms.read(headers)).isEqualTo(new FamilyTerms(12_500_000, 0.9));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "Inference-Latency-Budget-Ms|soon|'soon' (expected: milliseconds, more than 0, at most",
        "Inference-Latency-Budget-Ms|0|'0' (expected: milliseconds, more than 0, at most 86400000)",
        "Inference-Latency-Budget-Ms|-1|'-1' (expected: milliseconds",
        "Inference-Latency-Budget-Ms|NaN|'NaN' (expected: milliseconds",
        "Inference-Min-Quality|1.5|'1.5' (expected: 0 to 1)",
        "Inference-Min-Quality|best|'best' (expected: 0 to 1)",
      })
  void terms_areRefusedWithValueAndExpectation_whenTheyMakeNoSense(
      String header, String value, String why) {
    assertThatThrownBy(() -> FamilyTerms.read(headers(header, value)))
        .hasMessageStartingWith(header + ": " + why);
  }
}
