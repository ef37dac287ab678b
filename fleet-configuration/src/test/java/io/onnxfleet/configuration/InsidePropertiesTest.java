package io.onnxfleet.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InsidePropertiesTest {
  private static final String TEXT = "0123456789abcdef0123456789abcdef";

  @TempDir private Path folder;

  @Test
  void secret_comesFromAFileOrTheConfiguration_notFromBoth() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), TEXT + "\n");
    FleetSecret read = new InsideProperties(null, file).read();
    assertThat(read).isNotNull();
    assertThat(read.registryPassword()).isEqualTo(FleetSecret.of(TEXT).registryPassword());
    assertThat(new InsideProperties(null, null).read()).isNull();
    assertThat(new InsideProperties(" ", Path.of("")).read()).isNull();
    assertThatThrownBy(() -> new InsideProperties(TEXT, file).read())
        .hasMessageContaining("both are set");
    assertThatThrownBy(() -> new InsideProperties(null, folder.resolve("none")).read())
        .hasMessageContaining("fleet.secret-file: ");
  }

  @Test
  void secret_isInNoLog() {
    assertThat(new InsideProperties(TEXT, null).toString()).doesNotContain(TEXT);
  }
}
