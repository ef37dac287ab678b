package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** What may be set of admission, and what is said of anything else. */
class AdmissionSettingsTest {

  private static <T> T bound(String prefix, Class<T> type, String key, String value) {
    return new Binder(new MapConfigurationPropertySource(Map.of(prefix + "." + key, value)))
        .bindOrCreate(prefix, type);
  }

  private static void assertRefused(
      String prefix, Class<?> type, String key, String value, String expected) {
    assertThatThrownBy(() -> bound(prefix, type, key, value))
        .rootCause()
        .hasMessageStartingWith(prefix + "." + key + ": ")
        .hasMessageContaining("(expected: " + expected);
  }

  @ParameterizedTest
  @CsvSource({
    "target-latency, 0, >= 1ms",
    "base-multiple, 0.9, >= 1",
    "least, 0, >= 1",
    "most, 10, '>= least, 32'",
    "initial, 31, 32 to 5000",
    "initial, 5001, 32 to 5000",
    "queue-share, -0.1, 0 to 10",
    "queue-share, 10.1, 0 to 10",
    "max-queue-time, 0, >= 1ms",
    "max-caller-share, 0, 'above 0, up to 1'",
    "max-caller-share, 1.1, 'above 0, up to 1'"
  })
  void limit_isRefused_outOfItsBounds(String key, String value, String expected) {
    assertRefused("fleet.gateway.limits", LimitProperties.class, key, value, expected);
  }

  @ParameterizedTest
  @CsvSource({
    "max-concurrent-requests, 0, >= 1",
    "max-body-size, 0B, 1B to 2047MB",
    "max-body-size, 2048MB, 1B to 2047MB",
    "kept-bodies, -1B, >= 0B",
    "inflated-bodies, 0B, >= 1B",
    "wasted-bytes, -1B, >= 0B",
    "body-read-timeout, 0, > 0"
  })
  void bound_isRefused_outOfItsBounds(String key, String value, String expected) {
    assertRefused("fleet.gateway.admission", AdmissionProperties.class, key, value, expected);
  }

  @Test
  void defaults_areWithinTheirBounds() {
    assertThat(bound("fleet.gateway.limits", LimitProperties.class, "most", "6000").most())
        .isEqualTo(6000);
    assertThat(
            bound("fleet.gateway.admission", AdmissionProperties.class, "kept-bodies", "1MB")
                .keptBodies()
                .toMegabytes())
        .isEqualTo(1);
  }
}
