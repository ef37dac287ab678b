package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every key has a description, and the page that users read says what the code says. */
class ConfigurationPageTest {

  @Test
  void page_saysWhatTheCodeSays() throws IOException {
    String expected = ConfigurationPage.expected();
    if (Boolean.getBoolean("fleet.write")) {
      Files.writeString(Repository.path(ConfigurationPage.PATH), expected);
    }

    assertThat(Repository.read(ConfigurationPage.PATH))
        .describedAs("docs/configuration.md; -Dfleet.write=true writes it anew")
        .isEqualTo(expected);
  }

  @Test
  void everyKey_isDescribed() throws IOException {
    List<String> rows;
    try (Stream<String> lines = ConfigurationPage.expected().lines()) {
      rows = lines.filter(line -> line.startsWith("| `")).toList();
    }

    assertThat(rows).hasSizeGreaterThan(100);
    assertThat(rows).noneMatch(row -> row.endsWith("|  |"));
  }
}
