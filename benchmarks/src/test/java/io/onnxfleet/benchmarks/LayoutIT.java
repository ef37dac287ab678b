package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The JVM options that a layout brings along, and an AOT cache that is not what it should be. */
class LayoutIT {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("fleet.root")));

  /** What the launcher adds to the options of a layout once it has recorded a cache. */
  private static final List<String> WITH_CACHE =
      List.of("-XX:AOTCache=application.aot", "-Xlog:aot=off", "-Xlog:cds=off");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "discovery-server",
        "gateway-service",
        "inference-service",
        "launcher",
        "benchmarks"
      })
  void options_areAccepted_byThisJdk(String module) throws Exception {
    Files.write(folder.resolve("jvm.args"), options(module));
    assertThat(version().exitCode()).isZero();
  }

  @Test
  void start_succeedsInSilence_whenTheCacheIsMissing() throws Exception {
    writeOptionsWithCache();
    Ended ended = version();
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.output()).startsWith("openjdk").doesNotContain("aot");
  }

  @Test
  void start_succeedsInSilence_whenTheCacheIsDamaged() throws Exception {
    writeOptionsWithCache();
    Files.write(folder.resolve("application.aot"), new byte[1 << 16]);
    Ended ended = version();
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.output()).startsWith("openjdk").doesNotContain("aot");
  }

  private void writeOptionsWithCache() throws IOException {
    List<String> lines = new ArrayList<>(options("inference-service"));
    lines.addAll(WITH_CACHE);
    Files.write(folder.resolve("jvm.args"), lines);
  }

  private static List<String> options(String module) throws IOException {
    return Files.readAllLines(ROOT.resolve(module).resolve("target/layout/jvm.args")).stream()
        .filter(option -> !WITH_CACHE.contains(option))
        .toList();
  }

  private record Ended(int exitCode, String output) {}

  private Ended version() throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@jvm.args",
                "-version")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int exitCode = process.waitFor();
    return new Ended(exitCode, Files.readString(output));
  }
}
