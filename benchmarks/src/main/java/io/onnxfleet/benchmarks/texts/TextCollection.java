package io.onnxfleet.benchmarks.texts;

import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The texts of a file, those that are blank left out, from which any number is drawn: the same ones
 * for the same seed. Immutable.
 *
 * @param texts at least one
 */
record TextCollection(List<String> texts) {
  private static final String FIELD = "text";

  TextCollection {
    texts = texts.stream().filter(text -> !text.isBlank()).toList();
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("0 texts (expected: at least 1)");
    }
  }

  /**
   * Reads a file in UTF-8: the column {@code text} of a {@code .tsv}, the field {@code text} of the
   * lines of a {@code .jsonl}, else each line.
   *
   * @throws IOException if it cannot be read, or has no such column or field
   */
  static TextCollection read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    String name = file.getFileName().toString();
    try {
      return new TextCollection(
          name.endsWith(".tsv") ? column(lines) : name.endsWith(".jsonl") ? fields(lines) : lines);
    } catch (IllegalArgumentException | JacksonException refused) {
      throw new IOException(name + ": " + refused.getMessage(), refused);
    }
  }

  private static List<String> column(List<String> lines) {
    String header = lines.isEmpty() ? "" : lines.getFirst();
    int column = Arrays.asList(header.split("\t", -1)).indexOf(FIELD);
    if (column < 0) {
      throw new IllegalArgumentException("'" + header + "' (expected: a column 'text')");
    }
    return lines.stream()
        .skip(1)
        .map(line -> line.split("\t", -1))
        .filter(cells -> cells.length > column)
        .map(cells -> cells[column])
        .toList();
  }

  private static List<String> fields(List<String> lines) {
    JsonMapper mapper = JsonMapper.shared();
    return lines.stream().map(line -> mapper.readTree(line).path(FIELD).asString("")).toList();
  }

  /** So many texts as they are, in an order by chance; each again once all were drawn. */
  List<String> draw(int count, long seed) {
    List<String> order = shuffled(new Random(seed));
    return IntStream.range(0, count).mapToObj(index -> order.get(index % order.size())).toList();
  }

  /**
   * So many texts, each of a length by chance: cut behind a word, or joined with those that follow
   * in an order by chance. A text has as many tokens as its length at most, special ones included,
   * and lacks less than its next word has; it has one word at least.
   *
   * @param lengths each as likely as the other
   */
  List<String> draw(int count, Span lengths, TextTokenizer tokenizer, long seed) {
    Random random = new Random(seed);
    List<String> order = shuffled(random);
    Map<String, Integer> tokens = new HashMap<>();
    List<String> drawn = new ArrayList<>(count);
    for (int index = 0; index < count; index++) {
      int room = lengths.any(random) - tokenizer.specialTokens().count();
      drawn.add(sized(order, index, room, tokenizer, tokens));
    }
    return drawn;
  }

  private static String sized(
      List<String> order,
      int first,
      int room,
      TextTokenizer tokenizer,
      Map<String, Integer> tokensOfWords) {
    StringBuilder sized = new StringBuilder();
    int left = room;
    for (int next = first; ; next++) {
      for (String word : order.get(next % order.size()).strip().split("\\s+", -1)) {
        int tokens =
            tokensOfWords.computeIfAbsent(
                word, each -> Math.max(1, tokenizer.encode(each, Integer.MAX_VALUE).length));
        if (tokens > left && !sized.isEmpty()) {
          return sized.toString();
        }
        sized.append(sized.isEmpty() ? "" : " ").append(word);
        left -= tokens;
      }
    }
  }

  private List<String> shuffled(Random random) {
    List<String> order = new ArrayList<>(texts);
    Collections.shuffle(order, random);
    return order;
  }
}
