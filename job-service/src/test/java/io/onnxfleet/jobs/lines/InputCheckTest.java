package io.onnxfleet.jobs.lines;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputCheckTest {
  private static final String ENDPOINT = "/v1/embeddings";
  private static final int LONGEST = 200;

  @TempDir Path folder;

  private static String line(String id) {
    return "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"%s\",\"body\":{\"input\":\"%s\"}}"
        .formatted(id, ENDPOINT, id);
  }

  private CheckedInput check(byte[] content) throws IOException {
    return check(content, 3, 10_000);
  }

  private CheckedInput check(byte[] content, int regionLines, long regionBytes) throws IOException {
    return Objects.requireNonNull(
        new InputCheck(100, LONGEST, regionLines, regionBytes)
            .check(open(content), content.length, ENDPOINT, () -> false));
  }

  private FileChannel open(byte[] content) throws IOException {
    return FileChannel.open(Files.write(folder.resolve("input"), content));
  }

  private CheckedInput check(String content) throws IOException {
    return check(content.getBytes(UTF_8));
  }

  /** The ids of the lines of all regions, read as a slice reads them. */
  private List<String> ids(byte[] content, CheckedInput input) throws IOException {
    List<String> ids = new ArrayList<>();
    for (Region region : input.regions()) {
      int count = 0;
      try (LineReader lines =
          new LineReader(
              open(content), region.firstLine(), region.firstByte(), region.endByte(), LONGEST)) {
        for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
          if (!line.isBlank()) {
            BatchLine read = InputCheck.reread(line, ENDPOINT);
            ids.add(read.customId());
            assertThat(new String(read.content(), read.bodyFrom(), read.bodyLength(), UTF_8))
                .isEqualTo("{\"input\":\"" + read.customId() + "\"}");
            count++;
          }
        }
      }
      assertThat(count).isEqualTo(region.lineCount());
    }
    return ids;
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n"})
  void lines_areRight_howeverTheyEnd(String end) throws IOException {
    String all = String.join(end, line("a"), line("b"), line("\u00e4"), line("d"));
    for (String content :
        List.of(all, all + end, all + end + end + end, "\uFEFF" + all, "\uFEFF" + all + end)) {
      byte[] bytes = content.getBytes(UTF_8);
      CheckedInput input = check(bytes);
      assertThat(input.errors()).isEmpty();
      assertThat(input.lines()).isEqualTo(4);
      assertThat(input.regions()).hasSize(2);
      assertThat(ids(bytes, input)).containsExactly("a", "b", "\u00e4", "d");
    }
  }

  @Test
  void input_isNotWhatItWas_whenItWasCutWhereALineEnds() throws IOException {
    byte[] whole = (line("a") + "\n" + line("b") + "\n").getBytes(UTF_8);
    byte[] cut = (line("a") + "\n").getBytes(UTF_8);
    FileChannel file = open(cut);

    assertThatThrownBy(
            () ->
                new InputCheck(100, LONGEST, 3, 10_000)
                    .check(file, whole.length, ENDPOINT, () -> false))
        .isInstanceOf(ChangedInputException.class)
        .hasMessage("the input has %d bytes (expected: %d)", cut.length, whole.length);
    assertThat(file.isOpen()).isFalse();
  }

  @Test
  void regions_areNoLargerThanTheyMayBe_butForOneLine() throws IOException {
    byte[] bytes = String.join("\n", line("a"), line("b"), line("c")).getBytes(UTF_8);
    CheckedInput input = check(bytes, 100, 10);
    assertThat(input.regions()).extracting(Region::lineCount).containsExactly(1, 1, 1);
    assertThat(input.regions()).extracting(Region::firstLine).containsExactly(1, 2, 3);
    assertThat(ids(bytes, input)).containsExactly("a", "b", "c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\r\n\r\n", "\uFEFF", "\uFEFF\n"})
  void emptyFile_isNoBatch(String content) throws IOException {
    assertThat(check(content).errors())
        .containsExactly(new LineError("empty_file", "no lines (expected: 1 or more)", null, null));
  }

  @Test
  void errors_sayWhichLineItIs() throws IOException {
    String content =
        String.join(
            "\n",
            line("a"),
            "{\"custom_id\":",
            line("a"),
            line("b").replace("embeddings", "rerank"),
            line("c").replace("POST", "GET"),
            "[1]",
            line("d") + "{}",
            "{\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}}",
            line("").replace("\"input\":\"\"", ""),
            "{\"custom_id\":\"e\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":[]}",
            "{\"custom_id\":\"f\",\"method\":\"POST\",\"url\":\"/v1/embeddings\"}",
            "{\"custom_id\":7,\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}}",
            line("x".repeat(LONGEST)),
            "{\"custom_id\":\"g\",\"custom_id\":\"h\"}",
            line("\\ud800"),
            "",
            line("z"));
    CheckedInput input = check(content);
    assertThat(input.regions()).isEmpty();
    assertThat(input.errors())
        .extracting(error -> error.line() + " " + error.code())
        .containsExactly(
            "2 invalid_json_line",
            "3 duplicate_custom_id",
            "4 mismatched_url",
            "5 invalid_method",
            "6 invalid_json_line",
            "7 invalid_json_line",
            "8 missing_custom_id",
            "9 invalid_custom_id",
            "10 invalid_body",
            "11 missing_body",
            "12 invalid_custom_id",
            "13 line_too_long",
            "14 invalid_json_line",
            "15 invalid_custom_id",
            "16 empty_line");
    assertThat(input.errors().get(2).message())
        .isEqualTo("url: '/v1/rerank' (expected: the batch's endpoint, '/v1/embeddings')");
  }

  @Test
  void bytesThatAreNotUtf8_areAnError() throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes((line("a") + "\n").getBytes(UTF_8));
    content.writeBytes(line("X").replace("X", "\u00e4").getBytes(ISO_8859_1));
    assertThat(check(content.toByteArray()).errors())
        .extracting(error -> error.line() + " " + error.code())
        .containsExactly("2 invalid_utf8");
  }

  @Test
  void linesAboveTheMost_areAnError_andNoneIsReadBehind() throws IOException {
    StringBuilder content = new StringBuilder();
    for (int line = 0; line < 103; line++) {
      content.append(line("n" + line)).append('\n');
    }
    assertThat(check(content.toString()).errors())
        .extracting(error -> error.line() + " " + error.code())
        .containsExactly("101 too_many_lines");
  }

  @Test
  void errorsAreBounded() throws IOException {
    assertThat(check("x\n".repeat(500)).errors()).hasSize(100);
  }

  @Test
  void numbers_keepEveryDigit() throws IOException {
    String body = "{ \"a\" : 18446744073709551615, \"b\":1e400 , \"c\":[{\"d\":\"}\"}] }";
    byte[] content =
        "{\"body\":%s,\"custom_id\":\"a\",\"url\":\"/v1/embeddings\",\"method\":\"POST\",\"more\":{}}"
            .formatted(body)
            .getBytes(UTF_8);
    try (LineReader lines = new LineReader(open(content), 1, 0, content.length, LONGEST)) {
      BatchLine line = InputCheck.reread(Objects.requireNonNull(lines.next()), ENDPOINT);
      assertThat(new String(line.content(), line.bodyFrom(), line.bodyLength(), UTF_8))
          .isEqualTo(body);
    }
  }

  /** What cannot be read now may be read later; what is no line any more never will. */
  @Test
  void lineThatCannotBeRead_isNotOneThatHasChanged() throws IOException {
    byte[] bytes = line("x".repeat(1 << 17)).getBytes(UTF_8);
    FileChannel file = open(bytes);
    try (LineReader lines = new LineReader(file, 1, 0, bytes.length, bytes.length)) {
      LineReader.Line line = Objects.requireNonNull(lines.next());
      assertThatThrownBy(() -> InputCheck.reread(line, ENDPOINT))
          .as("its id is longer than any")
          .isInstanceOf(ChangedInputException.class);
      file.close();
      assertThatThrownBy(() -> InputCheck.reread(line, ENDPOINT))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ChangedInputException.class);
    }
  }

  @Test
  void linesAcrossBlocks_areWhole() throws IOException {
    StringBuilder content = new StringBuilder();
    List<String> expected = new ArrayList<>();
    for (int line = 0; line < 5000; line++) {
      String id = "n" + "x".repeat(line % 37) + line;
      expected.add(id);
      content.append(line(id)).append(line % 2 == 0 ? "\r\n" : "\n");
    }
    byte[] bytes = content.toString().getBytes(UTF_8);
    CheckedInput input =
        Objects.requireNonNull(
            new InputCheck(10_000, LONGEST, 77, 1 << 20)
                .check(open(bytes), bytes.length, ENDPOINT, () -> false));
    assertThat(input.errors()).isEmpty();
    assertThat(ids(bytes, input)).isEqualTo(expected);
  }

  @Test
  void customIds_areToldApart() {
    CustomIds ids = new CustomIds();
    for (int id = 0; id < 20_000; id++) {
      assertThat(ids.add("id-" + id)).isTrue();
    }
    for (int id = 0; id < 20_000; id++) {
      assertThat(ids.add("id-" + id)).isFalse();
    }
    assertThat(ids.add("id-20000")).isTrue();
  }

  /** As that of a store which is away, it can be opened and not be read. */
  @Test
  void file_isClosed_whenItCannotBeRead() throws IOException {
    try (FileChannel directory = FileChannel.open(folder)) {
      assertThatThrownBy(() -> new LineReader(directory, 1, 0, 10, LONGEST))
          .isInstanceOf(IOException.class);
      assertThat(directory.isOpen()).isFalse();
    }
  }
}
