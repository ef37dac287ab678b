package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.nio.file.Path;
import java.util.IntSummaryStatistics;
import java.util.List;
import org.junit.jupiter.api.Test;

class RerankTextsTest {
  @Test
  void passages_haveTheLengthsThatAreSaid_inTokens() {
    Path root = Path.of(System.getProperty("fleet.root", ".."));
    RerankTexts texts = new RerankTexts(1);
    List<String> passages = texts.passages(100);
    try (TextTokenizer tokenizer = TextTokenizer.open(RerankFleet.tokenizer(root))) {
      IntSummaryStatistics lengths =
          passages.stream()
              .mapToInt(passage -> tokenizer.encode(passage, Integer.MAX_VALUE).length)
              .summaryStatistics();

      assertThat(lengths.getMin()).isEqualTo(RerankTexts.LEAST);
      assertThat(lengths.getMax()).isEqualTo(RerankTexts.MOST);
      assertThat(lengths.getAverage()).isCloseTo(60, within(2.0));
    }
    assertThat(texts.query()).isNotEqualTo(texts.query());
  }
}
