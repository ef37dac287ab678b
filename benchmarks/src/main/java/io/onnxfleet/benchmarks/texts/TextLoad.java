package io.onnxfleet.benchmarks.texts;

import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of commands that take texts of a file as load. Two commands with the same options
 * have the same texts.
 */
public final class TextLoad {
  private static final long SEED = 13;
  private static final int MOST = 100_000;

  @Option(
      names = "--texts",
      paramLabel = "FILE",
      description = "Load of texts: a .tsv's column or a .jsonl's field 'text', else lines.")
  private @Nullable Path file;

  @Option(
      names = "--lengths",
      paramLabel = "N[:M]",
      converter = Span.Converter.class,
      description = "Cuts and joins the texts to so many tokens. Default: as they are.")
  private @Nullable Span lengths;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description = "The model's tokenizer.json, by which lengths are counted.")
  private @Nullable Path tokenizer;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "How many texts are drawn. Default: ${DEFAULT-VALUE}.")
  private int count = 512;

  /** True if texts are asked for. */
  public boolean isGiven() {
    return file != null;
  }

  /**
   * The texts; none unless they are asked for.
   *
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if options are missing or wrong
   */
  public List<String> texts() throws IOException {
    Path given = file;
    Span wanted = lengths;
    if (given == null) {
      if (wanted != null) {
        throw new IllegalArgumentException("--lengths without --texts (expected: both)");
      }
      return List.of();
    }
    if (count < 1 || count > MOST) {
      throw new IllegalArgumentException("--count: %d (expected: 1 to %d)".formatted(count, MOST));
    }
    TextCollection collection = TextCollection.read(CallersFolder.resolve(given));
    if (wanted == null) {
      return collection.draw(count, SEED);
    }
    try (TextTokenizer counting = tokenizer()) {
      return collection.draw(count, wanted, counting, SEED);
    }
  }

  /**
   * The tokens of each, special ones included.
   *
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if options are missing or wrong
   */
  public List<long[]> rows() throws IOException {
    List<String> texts = texts();
    if (texts.isEmpty()) {
      return List.of();
    }
    try (TextTokenizer counting = tokenizer()) {
      return texts.stream().map(text -> counting.encodeRow(text, Integer.MAX_VALUE)).toList();
    }
  }

  private TextTokenizer tokenizer() {
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "--tokenizer: none (expected: the model's tokenizer.json)");
    }
    return TextTokenizer.open(CallersFolder.resolve(tokenizer));
  }

  /** As a part of a title. */
  @Override
  public String toString() {
    return "texts of %s, %s".formatted(file, lengths == null ? "as they are" : lengths + " tokens");
  }
}
