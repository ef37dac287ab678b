package io.onnxfleet.inference.protocol.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CreationTimesTest {
  private final CreationTimes times = new CreationTimes();

  @TempDir private Path folder;

  @Test
  void of_looksAtTheFolderOnce_untilTheModelIsLoadedAnew() throws IOException {
    Object first = new Object();
    touch(1_000);
    assertThat(times.of("m", first, folder)).isEqualTo(1_000);
    touch(2_000);
    assertThat(times.of("m", first, folder)).isEqualTo(1_000);
    assertThat(times.of("n", first, folder)).isEqualTo(2_000);
    assertThat(times.of("m", new Object(), folder)).isEqualTo(2_000);
  }

  @Test
  void of_isSomeTime_whenTheFolderIsGone() {
    assertThat(times.of("m", new Object(), folder.resolve("gone"))).isPositive();
  }

  private void touch(long seconds) throws IOException {
    Files.setLastModifiedTime(folder, FileTime.from(Instant.ofEpochSecond(seconds)));
  }
}
