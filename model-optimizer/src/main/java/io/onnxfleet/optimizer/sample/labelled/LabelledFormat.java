package io.onnxfleet.optimizer.sample.labelled;

import java.util.Locale;

/** How a file of labelled texts is written. */
public enum LabelledFormat {
  /** Columns between commas; what holds commas, quotes or line ends is quoted (RFC 4180). */
  CSV,
  /** Columns between tabs, a row a line; a quote is a character as any other. */
  TSV,
  /** A JSON object a line. */
  JSONL;

  /** By a file's name or, where that says nothing, by its first line. */
  static LabelledFormat of(String fileName, String content) {
    String name = fileName.toLowerCase(Locale.ROOT);
    if (name.endsWith(".csv")) {
      return CSV;
    }
    if (name.endsWith(".tsv") || name.endsWith(".tab")) {
      return TSV;
    }
    if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
      return JSONL;
    }
    String first = content.lines().filter(line -> !line.isBlank()).findFirst().orElse("");
    if (first.stripLeading().startsWith("{")) {
      return JSONL;
    }
    return first.indexOf('\t') >= 0 ? TSV : CSV;
  }
}
