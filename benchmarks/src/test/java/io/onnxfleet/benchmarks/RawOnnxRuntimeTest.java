package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.onnxfleet.benchmarks.RawOnnxRuntime.Split;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawOnnxRuntimeTest {
  @TempDir private Path folder;

  @Test
  void split_isEveryWayToUseAllCpus() {
    assertThat(Split.of(4)).containsExactly(new Split(4, 1), new Split(2, 2), new Split(1, 4));
    assertThat(Split.of(1)).containsExactly(new Split(1, 1));
    assertThat(Split.parse("2x1")).isEqualTo(new Split(2, 1)).hasToString("2x1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Split.parse("2-1"))
        .withMessage("'2-1' (expected: SESSIONSxTHREADS)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Split.parse("0x1"))
        .withMessage("0x1 (expected: both from 1 to 1024)");
  }

  @Test
  void raw_measuresTheTinyModel_inEachSplitAndBatch() throws IOException {
    Path result = folder.resolve("raw.tsv");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    assertThat(run(out, err, "tiny-model", folder.toString())).isZero();

    int code =
        run(
            out,
            err,
            "raw",
            "--file=" + folder.resolve("tiny-add/1/model.onnx"),
            "--split=1x1,1x2",
            "--batch=1,3",
            "--duration=0.1",
            "--result=" + result);

    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    assertThat(out.toString()).contains("1x2  batch   3").contains("best: ");
    List<String> lines = Files.readAllLines(result);
    assertThat(lines).hasSize(5);
    assertThat(lines.getFirst()).isEqualTo("split\tbatch\trows\tp50\tp99");
    assertThat(lines.stream().skip(1))
        .allMatch(
            line -> line.matches("1x[12]\t[13]\t[1-9][0-9]*\\.[0-9]{2}(\t[0-9]+\\.[0-9]{3}){2}"));
  }

  private static int run(StringWriter out, StringWriter err, String... arguments) {
    return Benchmarks.execute(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
