package io.onnxfleet.optimizer.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SentenceGeneratorTest {
  @Test
  void sentences_areDistinctAndTheSame_forTheSameSeed() {
    List<String> sentences = new SentenceGenerator(new Random(1)).sentences(1000);
    assertThat(sentences).doesNotHaveDuplicates().hasSize(1000);
    assertThat(sentences).noneMatch(sentence -> sentence.contains("<"));
    assertThat(new SentenceGenerator(new Random(1)).sentences(1000)).isEqualTo(sentences);
    assertThat(new SentenceGenerator(new Random(2)).sentences(1000)).isNotEqualTo(sentences);
  }
}
