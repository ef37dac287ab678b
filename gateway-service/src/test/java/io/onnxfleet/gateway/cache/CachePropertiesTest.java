package io.onnxfleet.gateway.cache;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class CachePropertiesTest {

  private static final String PREFIX = "fleet.gateway.cache";

  @ParameterizedTest
  @CsvSource({
    "max-size, -1B, >= 0B",
    "max-entry, -1B, 0B to 2047MB",
    "max-entry, 2048MB, 0B to 2047MB",
    "time-to-live, 0, >= 1ms",
    "client-max-age, -1s, >= 0s"
  })
  void setting_isRefused_outOfItsBounds(String key, String value, String expected) {
    Binder binder =
        new Binder(new MapConfigurationPropertySource(Map.of(PREFIX + "." + key, value)));
    assertThatThrownBy(() -> binder.bindOrCreate(PREFIX, CacheProperties.class))
        .rootCause()
        .hasMessageStartingWith(PREFIX + "." + key + ": ")
        .hasMessageContaining("(expected: " + expected);
  }
}
