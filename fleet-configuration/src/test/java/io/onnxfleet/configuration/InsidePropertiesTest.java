package io.onnxfleet.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InsidePropertiesTest {
  private static final String TEXT = "0123456789abcdef0123456789abcdef";

  @TempDir private Path folder;

  private static InsideProperties properties(@Nullable String secret, @Nullable Path file) {
    List<String> any = List.of("any");
    return new InsideProperties(
        secret, file, new InsideProperties.Tls("", Path.of("none"), any, any, any, any));
  }

  @Test
  void secret_comesFromAFileOrTheConfiguration_notFromBoth() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), TEXT + "\n");
    FleetSecret read = properties(null, file).read();
    assertThat(read).isNotNull();
    assertThat(read.registryPassword()).isEqualTo(FleetSecret.of(TEXT).registryPassword());
    assertThat(properties(null, null).read()).isNull();
    assertThat(properties(" ", Path.of("")).read()).isNull();
    assertThatThrownBy(() -> properties(TEXT, file).read()).hasMessageContaining("both are set");
    assertThatThrownBy(() -> properties(null, folder.resolve("none")).read())
        .hasMessageContaining("fleet.secret-file: ");
  }

  @Test
  void secret_isInNoLog() {
    assertThat(properties(TEXT, null).toString()).doesNotContain(TEXT);
  }

  @Test
  void door_isOpen_onlyWithNeitherSecretNorCertificates() {
    List<String> any = List.of("any");
    InsideProperties.Tls tls =
        new InsideProperties.Tls("inside", Path.of("none"), any, any, any, any);
    assertThat(properties(null, null).isOpen()).isTrue();
    assertThat(properties(TEXT, null).isOpen()).isFalse();
    assertThat(new InsideProperties(null, null, tls).isOpen()).isFalse();
    assertThatThrownBy(
            () -> new InsideProperties.Tls("inside", Path.of("none"), any, List.of(" "), any, any))
        .hasMessage("fleet.tls.replicas: [ ] (expected: names of certificates)");
  }
}
