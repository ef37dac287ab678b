package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.onnxfleet.benchmarks.RawOnnxRuntime.Split;
import io.onnxfleet.benchmarks.texts.SmallTokenizer;
import io.onnxfleet.testing.model.TinyTextModel;
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
    assertThat(lines.getFirst()).isEqualTo("split\tbatch\trows\tp50\tp99\tpadding");
    assertThat(lines.stream().skip(1))
        .allMatch(
            line ->
                line.matches(
                    "1x[12]\t[13]\t[1-9][0-9]*\\.[0-9]{2}(\t[0-9]+\\.[0-9]{3}){2}\t0\\.0000"));
  }

  @Test
  void raw_putsTextsOfLikeLengthTogether() throws IOException {
    Path model = folder.resolve("model");
    TinyTextModel.ofTexts(1, 0).writeTo(model);
    Path texts = Files.writeString(folder.resolve("texts.txt"), "a\na b c d\nb\nd c b a\n");
    Path result = folder.resolve("raw.tsv");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();

    int code =
        run(
            out,
            err,
            "raw",
            "--file=" + model.resolve("model.onnx"),
            "--texts=" + texts,
            "--tokenizer=" + SmallTokenizer.write(folder),
            "--count=4",
            "--split=1x1",
            "--batch=2,4",
            "--duration=0.1",
            "--result=" + result);

    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    assertThat(out.toString()).contains("texts/s", "padding 25.0 %");
    // Rows of 3, 3, 6 and 6 tokens: two and two need none, all four are as long as the longest.
    assertThat(Files.readAllLines(result).stream().skip(1).map(line -> line.split("\t", -1)))
        .allMatch(cells -> Double.parseDouble(cells[2]) > 0)
        .extracting(cells -> cells[1] + " " + cells[5])
        .containsExactlyInAnyOrder("2 0.0000", "4 0.2500");
  }

  @Test
  void values_areFilledUpOnTheRight_whereARowIsShorter() {
    List<long[]> rows = List.of(new long[] {1, 7, 2}, new long[] {1, 2});

    assertThat(RawOnnxRuntime.values("input_ids", rows, 3)).containsExactly(1, 7, 2, 1, 2, 0);
    assertThat(RawOnnxRuntime.values("attention_mask", rows, 3)).containsExactly(1, 1, 1, 1, 1, 0);
    assertThat(RawOnnxRuntime.values("token_type_ids", rows, 3)).containsOnly(0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RawOnnxRuntime.values("pixels", rows, 3))
        .withMessageContaining("input 'pixels' (expected: input_ids,");
  }

  private static int run(StringWriter out, StringWriter err, String... arguments) {
    return Benchmarks.execute(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
