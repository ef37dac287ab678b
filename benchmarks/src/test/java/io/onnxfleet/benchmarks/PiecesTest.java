package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that cuts what travels to a machine with a GPU, and joins it there. */
class PiecesTest {
  @TempDir Path folder;

  private final byte[] content = new byte[2_500];
  private Path pieces = Path.of("");
  private Path joined = Path.of("");

  @BeforeEach
  void cut() throws Exception {
    new Random(3).nextBytes(content);
    Path whole = Files.write(folder.resolve("whole.bin"), content);
    pieces = folder.resolve("pieces");
    joined = folder.resolve("joined.bin");
    assertThat(run("cut", whole.toString(), pieces.toString(), "1000")).isEmpty();
  }

  @Test
  void join_makesTheWholeAgain() throws Exception {
    try (Stream<Path> files = Files.list(pieces)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "whole.bin.000", "whole.bin.001", "whole.bin.002", "pieces.sha256");
    }
    assertThat(run("join", pieces.toString(), joined.toString())).isEmpty();
    assertThat(joined).hasBinaryContent(content);
  }

  @Test
  void join_namesThePiece_whenItIsMissing() throws Exception {
    Files.delete(pieces.resolve("whole.bin.001"));
    assertThat(run("join", pieces.toString(), joined.toString()))
        .isEqualTo("pieces: whole.bin.001 is missing from " + pieces);
    assertThat(joined).doesNotExist();
  }

  @Test
  void join_namesThePiece_whenItIsDamaged() throws Exception {
    byte[] piece = Files.readAllBytes(pieces.resolve("whole.bin.002"));
    piece[7]++;
    Files.write(pieces.resolve("whole.bin.002"), piece);
    assertThat(run("join", pieces.toString(), joined.toString()))
        .isEqualTo("pieces: whole.bin.002 is damaged: its SHA-256 is not the manifest's");
    assertThat(joined).doesNotExist();
  }

  /** What it says; nothing if all went well. */
  private static String run(String... arguments) throws IOException, InterruptedException {
    Path script = Path.of(System.getProperty("fleet.root", ".."), "benchmarks/gpu/pieces");
    Process process =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of("bash", script.toAbsolutePath().toString()),
                        List.of(arguments).stream())
                    .toList())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(process.waitFor()).isEqualTo(said.isEmpty() ? 0 : 1);
    return said;
  }
}
