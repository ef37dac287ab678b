package io.onnxfleet.optimizer.sample.labelled;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.io.UnsupportedEncodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a file of labelled texts. What cannot be understood is refused by its line; nothing is left
 * out but blank lines. Lives for one reading; not thread-safe.
 */
public final class LabelledFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private static final int MOST_SHOWN = 60;

  private final Path file;
  private final LabelledColumns columns;
  private final List<LabelledText> texts = new ArrayList<>();

  /** Columns by their places. */
  private record Places(int text, int label, int count) {}

  private LabelledFile(Path file, LabelledColumns columns) {
    this.file = file;
    this.columns = columns;
  }

  /**
   * The texts of a file, in its order; at least one.
   *
   * @throws OptimizerException naming the line that is not as expected
   */
  public static List<LabelledText> read(Path file, LabelledColumns columns) {
    return new LabelledFile(file, columns).read();
  }

  private List<LabelledText> read() {
    String content = content();
    LabelledFormat format =
        columns.format() == null
            ? LabelledFormat.of(String.valueOf(file.getFileName()), content)
            : columns.format();
    switch (format) {
      case CSV -> readCommas(content);
      case TSV -> readTabs(content);
      case JSONL -> readObjects(content);
    }
    if (texts.isEmpty()) {
      throw new OptimizerException(
          "%s: no texts (expected: a text and its label a %s)"
              .formatted(file, format == LabelledFormat.JSONL ? "line" : "row"));
    }
    return List.copyOf(texts);
  }

  private String content() {
    try {
      return TextFile.read(file);
    } catch (UnsupportedEncodingException other) {
      throw new OptimizerException(file + ": " + other.getMessage(), other);
    } catch (IOException unreadable) {
      throw new OptimizerException(
          file + ": cannot be read (expected: a file of labelled texts)", unreadable);
    }
  }

  private void readCommas(String content) {
    CSVFormat format = CSVFormat.RFC4180.builder().setIgnoreEmptyLines(false).get();
    long line = 1;
    Places places = null;
    try (CSVParser parser = CSVParser.parse(new StringReader(content), format)) {
      for (CSVRecord row : parser) {
        if (!isBlank(row)) {
          places = add(places, row.toList(), line);
        }
        line = parser.getCurrentLineNumber() + 1;
      }
    } catch (IOException | UncheckedIOException | IllegalStateException malformed) {
      throw wrong(
          line,
          "%s (expected: columns between commas, quoted where they hold quotes)",
          reason(malformed));
    }
  }

  private static String reason(Exception malformed) {
    Throwable cause = malformed.getCause() == null ? malformed : malformed.getCause();
    return String.valueOf(cause.getMessage());
  }

  private static boolean isBlank(CSVRecord row) {
    return row.size() == 1 && row.get(0).isBlank();
  }

  private void readTabs(String content) {
    Places places = null;
    long number = 0;
    for (String line : content.lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      places = add(places, Arrays.asList(line.split("\t", -1)), number);
    }
  }

  private Places places(List<String> first, long line) {
    if (!columns.headed()) {
      if (first.size() != 2) {
        throw wrong(line, "%d columns (expected: 2, the text and its label)", first.size());
      }
      return new Places(0, 1, 2);
    }
    return new Places(
        place(first, columns.text(), line), place(first, columns.label(), line), first.size());
  }

  private int place(List<String> header, String name, long line) {
    List<String> names =
        header.stream().map(cell -> cell.strip().toLowerCase(Locale.ROOT)).toList();
    String wanted = name.toLowerCase(Locale.ROOT);
    int place = names.indexOf(wanted);
    if (place < 0 || place != names.lastIndexOf(wanted)) {
      throw wrong(
          line,
          "the columns %s (expected: one '%s'; --text-column and --label-column name others, and"
              + " without a header --no-header takes text and label in this order)",
          shown(header.toString()),
          name);
    }
    return place;
  }

  /**
   * Adds a row, unless it is the header.
   *
   * @param known null before the first row
   */
  private Places add(@Nullable Places known, List<String> cells, long line) {
    Places places = known == null ? places(cells, line) : known;
    if (known == null && columns.headed()) {
      return places;
    }
    if (cells.size() != places.count()) {
      throw wrong(line, "%d columns (expected: %d, as before)", cells.size(), places.count());
    }
    add(cells.get(places.text()), cells.get(places.label()), line);
    return places;
  }

  private void readObjects(String content) {
    long number = 0;
    for (String line : content.lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      JsonNode object = object(line, number);
      JsonNode text = object.get(columns.text());
      JsonNode label = object.get(columns.label());
      if (text == null || !text.isString()) {
        throw wrong(number, "'%s' is %s (expected: a string)", columns.text(), shown(text));
      }
      if (label == null || label.isNull() || label.isContainer()) {
        throw wrong(
            number, "'%s' is %s (expected: a string or a number)", columns.label(), shown(label));
      }
      add(text.asString(), label.asString(), number);
    }
  }

  private JsonNode object(String line, long number) {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (JacksonException malformed) {
      throw wrong(number, "%s (expected: a JSON object)", malformed.getOriginalMessage());
    }
    if (!node.isObject()) {
      throw wrong(number, "%s (expected: a JSON object)", shown(node));
    }
    return node;
  }

  private void add(String text, String label, long line) {
    if (text.isBlank()) {
      throw wrong(line, "an empty text (expected: one with words)");
    }
    if (label.isBlank()) {
      throw wrong(line, "a text without a label (expected: one)");
    }
    texts.add(new LabelledText(text, label.strip(), line));
  }

  private static String shown(@Nullable Object value) {
    String text = value == null ? "absent" : value.toString();
    return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "...";
  }

  @FormatMethod
  private OptimizerException wrong(long line, @FormatString String format, Object... arguments) {
    return new OptimizerException(
        "%s, line %d: %s".formatted(file, line, format.formatted(arguments)));
  }
}
