package io.onnxfleet.benchmarks.texts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextCollectionTest {
  @TempDir private Path folder;

  @Test
  void read_takesTheTexts_ofEachKindOfFile() throws IOException {
    assertThat(read("a.tsv", "label\ttext\n1\ta b\n2\t\n3\n4\tc\n").texts())
        .containsExactly("a b", "c");
    assertThat(
            read("a.jsonl", "{\"text\": \"a b\"}\n{\"title\": \"t\"}\n{\"text\": \"c\"}").texts())
        .containsExactly("a b", "c");
    assertThat(read("a.txt", "a b\n\nc\td\n").texts()).containsExactly("a b", "c\td");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a.tsv | label | a.tsv: 'label' (expected: a column 'text')",
        "a.tsv | text | a.tsv: 0 texts (expected: at least 1)",
        "a.jsonl | no json | a.jsonl: Unrecognized token",
      })
  void read_refuses_whenThereAreNoTexts(String name, String content, String message) {
    assertThatThrownBy(() -> read(name, content))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  @Test
  void draw_takesEachTextOnceBeforeAnyAgain_inAnOrderOfTheSeed() {
    TextCollection collection =
        new TextCollection(IntStream.range(0, 50).mapToObj(Integer::toString).toList());

    List<String> drawn = collection.draw(100, 1);

    assertThat(drawn).isEqualTo(collection.draw(100, 1)).isNotEqualTo(collection.draw(100, 2));
    assertThat(drawn.subList(0, 50))
        .containsExactlyInAnyOrderElementsOf(collection.texts())
        .isNotEqualTo(collection.texts());
    assertThat(drawn.subList(50, 100)).isEqualTo(drawn.subList(0, 50));
  }

  @Test
  void draw_cutsAndJoins_toLengthsByTheTokenizer() throws IOException {
    TextCollection collection =
        new TextCollection(List.of("a slower b c slower d a b", "slower c", "d slower"));
    try (TextTokenizer tokenizer = TextTokenizer.open(SmallTokenizer.write(folder))) {
      List<String> drawn = collection.draw(300, new Span(5, 12), tokenizer, 1);
      List<Integer> lengths =
          drawn.stream().map(text -> tokenizer.encodeRow(text, 1_000).length).toList();

      assertThat(drawn).isEqualTo(collection.draw(300, new Span(5, 12), tokenizer, 1));
      // A text lacks one token where the next word has two.
      assertThat(lengths).allMatch(length -> length >= 4 && length <= 12).contains(5, 8, 12);
      assertThat(drawn).as("cut").contains("a slower b c slower d");
      assertThat(drawn).as("joined").anyMatch(text -> text.startsWith("slower c "));
    }
  }

  @Test
  void draw_keepsOneWord_whenALengthHasNoRoom() throws IOException {
    TextCollection collection = new TextCollection(List.of("slower a"));
    try (TextTokenizer tokenizer = TextTokenizer.open(SmallTokenizer.write(folder))) {
      assertThat(collection.draw(1, new Span(1, 1), tokenizer, 1)).containsExactly("slower");
    }
  }

  private TextCollection read(String name, String content) throws IOException {
    return TextCollection.read(Files.writeString(folder.resolve(name), content));
  }
}
