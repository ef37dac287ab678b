package io.onnxfleet.gateway.security.chain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.http.server.PathContainer;

class ManagementPathsTest {

  private static boolean include(String base, String path) {
    return new ManagementPaths(base).include(PathContainer.parsePath(path));
  }

  @Test
  void paths_areRecognized_howeverTheyAreWritten() {
    for (String path :
        new String[] {
          "/actuator",
          "/actuator/",
          "/actuator/prometheus",
          "/%61ctuator/prometheus",
          "/actuator;a=b/prometheus",
          "/%61ctuator;a=b",
          "//actuator/prometheus"
        }) {
      assertThat(include("/actuator", path)).as(path).isTrue();
    }
    for (String path : new String[] {"/", "", "/v2/models/actuator", "/actuators", "/v2"}) {
      assertThat(include("/actuator", path)).as(path).isFalse();
    }
    assertThat(include("/in/side", "/in/side/health")).isTrue();
    assertThat(include("/in/side", "/in")).isFalse();
    assertThat(include("/in/side", "/in/other")).isFalse();
  }

  @Test
  void everythingButTheApi_isTaken_whereTheyLieAtTheRoot() {
    assertThat(include("/", "/prometheus")).isTrue();
    assertThat(include("/", "/")).isTrue();
    assertThat(include("", "/v2/models/a/infer")).isFalse();
    assertThat(include("", "/v1/embeddings")).isFalse();
  }
}
