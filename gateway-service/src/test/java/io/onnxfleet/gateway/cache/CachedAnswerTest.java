package io.onnxfleet.gateway.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;

class CachedAnswerTest {

  @Test
  void of_keepsWhatDescribesTheBody_andNothingOfTheReplica() {
    HttpHeaders answered = new HttpHeaders();
    answered.add("Content-Type", "application/json");
    answered.add("Inference-Ignored", "user");
    answered.add("Inference-Windows", "1, 3");
    answered.add("Inference-Windows-Joined", "mean");
    answered.add("Inference-Replica", "r1");

    assertThat(CachedAnswer.of(new byte[1], answered, 0).headers())
        .containsExactly(
            Map.entry("Content-Type", "application/json"),
            Map.entry("Inference-Ignored", "user"),
            Map.entry("Inference-Windows", "1, 3"),
            Map.entry("Inference-Windows-Joined", "mean"));
  }
}
