package io.onnxfleet.optimizer.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.optimizer.OptimizerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubReferenceTest {
  @Test
  void parse_takesTheMainRevision_unlessOneIsNamed() {
    assertThat(HubReference.parse("hf://a/b-1.0"))
        .isEqualTo(new HubReference("a", "b-1.0", "main"));
    assertThat(HubReference.parse("hf://a/b@refs/pr/1").revision()).isEqualTo("refs/pr/1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf://a",
        "hf://a/b/c",
        "hf:/a/b",
        "hf://../b",
        "hf://a/..",
        "hf://a/b@",
        "hf://a/b@../c",
        "hf://a/b@x y",
        "hf://a/b?x",
        "hf://a%2fb/c",
        "hf://a/b@x#y"
      })
  void parse_refusesWhatIsNone(String text) {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> HubReference.parse(text))
        .withMessageContaining("expected: hf://ORG/NAME[@REVISION]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x",
        "a/../../x",
        "/x",
        "a//x",
        "a/",
        "",
        "..",
        ".",
        "a/./x",
        "a\\x",
        "a\u0000x",
        "C:\\x"
      })
  void paths_thatLeaveTheFolder_areNoFiles(String path) {
    assertThat(HubClient.isInside(path)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", ".gitattributes", "onnx/model.onnx", "1_Pooling/config.json", "a..b"})
  void paths_withinTheFolder_are(String path) {
    assertThat(HubClient.isInside(path)).isTrue();
  }
}
