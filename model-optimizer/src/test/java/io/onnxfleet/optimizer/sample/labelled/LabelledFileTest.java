package io.onnxfleet.optimizer.sample.labelled;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledFileTest {
  @TempDir private Path folder;

  @Test
  void csv_keepsWhatIsQuoted() {
    assertThat(
            read(
                "a.csv",
                """
                \uFEFFid,Label,text
                1,"yes, sir","he said ""no"",
                twice"

                2,no,plain
                """))
        .containsExactly(
            new LabelledText("he said \"no\",\ntwice", "yes, sir", 2),
            new LabelledText("plain", "no", 5));
  }

  @Test
  void tsv_takesQuotesAsTheyAre() {
    assertThat(read("a.tsv", "text\tlabel\r\n\"pending\" since monday\tslow\r\n5\" screen\tsize"))
        .containsExactly(
            new LabelledText("\"pending\" since monday", "slow", 2),
            new LabelledText("5\" screen", "size", 3));
  }

  @Test
  void jsonl_takesNumbersAndFlagsAsLabels() {
    assertThat(
            read(
                "a.jsonl",
                """
                {"text": "one\\nline", "label": 4, "more": [1]}

                {"label": true, "text": "another"}
                """))
        .containsExactly(
            new LabelledText("one\nline", "4", 1), new LabelledText("another", "true", 3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"text":"a","label":"b"}       | 1
          'text\tlabel
          a\tb'                          | 2
          'text,label
          a,b'                           | 2
          """)
  void format_isFoundOut_whereTheNameSaysNothing(String content, int line) {
    assertThat(read("a.txt", content)).containsExactly(new LabelledText("a", "b", line));
  }

  @Test
  void columns_mayHaveOtherNames_orNone() {
    LabelledColumns named = new LabelledColumns(null, "question", "topic", true);
    assertThat(read("a.csv", "topic,question\nx,why\n", named))
        .containsExactly(new LabelledText("why", "x", 2));
    LabelledColumns headless = new LabelledColumns(LabelledFormat.CSV, "text", "label", false);
    assertThat(read("b.tsv", "why,x\n", headless)).containsExactly(new LabelledText("why", "x", 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a.csv   | 'sentence,intent
          a,b'                       | line 1: the columns [sentence, intent] (expected: one 'text'
          a.csv   | 'text,label,label
          a,b,c'                     | line 1: the columns [text, label, label] (expected: one 'label'
          a.csv   | 'text,label
          a,b
          c'                         | line 3: 1 columns (expected: 2, as before)
          a.csv   | 'text,label
          a,b
          "c,d'                      | line 3
          a.csv   | 'text,label
          a,b
          ,d'                        | line 3: an empty text
          a.tsv   | 'text\tlabel
          a\t '                      | line 2: a text without a label
          a.tsv   | 'text\tlabel
          a\tb\tc'                   | line 2: 3 columns (expected: 2, as before)
          a.jsonl | '{"text":"a","label":"b"}
          {"text":"a"'               | line 2
          a.jsonl | '["a"]'          | line 1: ["a"] (expected: a JSON object)
          a.jsonl | '{"text":1,"label":"b"}' | line 1: 'text' is 1 (expected: a string)
          a.jsonl | '{"text":"a"}'   | line 1: 'label' is absent (expected: a string or a number)
          a.jsonl | '{"text":"a","label":"b"} {"text":"a","label":"b"}' | line 1
          a.jsonl | '{"text":"a","text":"c","label":"b"}' | line 1
          a.csv   | 'text,label'     | no texts (expected: a text and its label a row)
          """)
  void read_saysWhere_andWhatWasExpected(String name, String content, String message) {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> read(name, content))
        .withMessageContaining(message)
        .withMessageStartingWith(folder.resolve(name).toString());
  }

  @Test
  void read_refusesWhatIsNoUtf8() throws IOException {
    Path file =
        Files.write(
            folder.resolve("a.csv"),
            "text,label\nf\u00fcr,b".getBytes(StandardCharsets.ISO_8859_1));
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> LabelledFile.read(file, LabelledColumns.DEFAULT))
        .withMessageContaining("not UTF-8: byte 12 is 0xFC");
  }

  private List<LabelledText> read(String name, String content) {
    return read(name, content, LabelledColumns.DEFAULT);
  }

  private List<LabelledText> read(String name, String content, LabelledColumns columns) {
    try {
      return LabelledFile.read(Files.writeString(folder.resolve(name), content), columns);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
