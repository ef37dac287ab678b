package io.onnxfleet.gateway.failure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QuotationTest {

  @Test
  void quotation_isOneShortLine() {
    assertThat(Quotation.of(null)).isEmpty();
    assertThat(Quotation.of(" a\r\nb ")).isEqualTo("a??b");
    assertThat(Quotation.of("x".repeat(200))).isEqualTo("x".repeat(200));
    assertThat(Quotation.of("x".repeat(201))).isEqualTo("x".repeat(200) + "...");
  }

  @Test
  void quotation_hasNothingThatLooksLikeAnotherLine() {
    assertThat(Quotation.of("a\u001b[2Jb\u0085c\u2028d\u2029e\u202ef\u200bg\ud800h"))
        .isEqualTo("a?[2Jb?c?d?e?f?g?h");
  }

  @Test
  void quotation_hasNamesOfAllScripts_andCutsThroughNoCharacter() {
    assertThat(Quotation.of("モデル-é")).isEqualTo("モデル-é");
    assertThat(Quotation.of("\ud83d\ude00".repeat(300)))
        .isEqualTo("\ud83d\ude00".repeat(200) + "...");
  }
}
