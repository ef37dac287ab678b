package io.onnxfleet.optimizer.auto;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SearchReportTest {
  private static final Measurement ORIGINAL = new Measurement("original", "", 100, 0, 10, 100);
  private static final Measurement GOOD = new Measurement("good", "", 50, 0.005, 5, 220);
  private static final Measurement DOMINATED = new Measurement("worse", "", 60, 0.006, 6, 180);
  private static final Measurement COARSE = new Measurement("<coarse>", "", 10, 0.2, 1, 900);
  private static final Measurement FAILED = Measurement.failed("none", "nothing to fuse");

  private static SearchReport report(Target target, double maxLoss) {
    return new SearchReport(
        "m.onnx", "samples", target, maxLoss, List.of(ORIGINAL, GOOD, DOMINATED, COARSE, FAILED));
  }

  @Test
  void front_leavesOutWhatAnotherBeatsInBoth() {
    for (Target target : Target.values()) {
      assertThat(report(target, 0.01).front()).containsExactly(COARSE, GOOD, ORIGINAL);
    }
  }

  @Test
  void chosen_isTheCheapest_thatLosesNoMoreThanAllowed() {
    assertThat(report(Target.LATENCY, 0.01).chosen()).contains(GOOD);
    assertThat(report(Target.SIZE, 0.5).chosen()).contains(COARSE);
    assertThat(report(Target.THROUGHPUT, 0.001).chosen()).isEmpty();
  }

  @Test
  void json_saysWhatWasMeasured() {
    JsonNode json = JsonMapper.builder().build().readTree(report(Target.LATENCY, 0.01).json());
    assertThat(json.get("target").asString()).isEqualTo("latency");
    assertThat(json.get("candidates").size()).isEqualTo(5);
    assertThat(json.get("candidates").get(1).get("chosen").asBoolean()).isTrue();
    assertThat(json.get("candidates").get(2).get("front").asBoolean()).isFalse();
    assertThat(json.get("candidates").get(4).get("failure").asString())
        .isEqualTo("nothing to fuse");
  }

  @Test
  void html_needsNothingElse_andEscapesNames() {
    String page = report(Target.LATENCY, 0.01).html();
    assertThat(page).contains("<svg", "&lt;coarse&gt;").doesNotContain("<coarse>", "http");
    assertThat(page).contains("class=\"chosen\"><td>good</td>");
  }
}
