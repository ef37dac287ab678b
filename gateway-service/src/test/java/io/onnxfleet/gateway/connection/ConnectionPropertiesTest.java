package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class ConnectionPropertiesTest {

  private static final String PREFIX = "fleet.gateway.connections";

  @ParameterizedTest
  @CsvSource({
    "max-connections, 0, >= 1",
    "head-timeout, 0, >= 1ms",
    "min-body-rate, -1B, >= 0B",
    "body-grace, -1s, >= 0s",
    "write-timeout, 0, >= 1ms",
    "drain-size, -1B, >= 0B",
    "drain-time, 0, >= 1ms"
  })
  void setting_isRefused_outOfItsBounds(String key, String value, String expected) {
    Binder binder =
        new Binder(new MapConfigurationPropertySource(Map.of(PREFIX + "." + key, value)));
    assertThatThrownBy(() -> binder.bindOrCreate(PREFIX, ConnectionProperties.class))
        .rootCause()
        .hasMessageStartingWith(PREFIX + "." + key + ": ")
        .hasMessageContaining("(expected: " + expected);
  }
}
