package io.onnxfleet.inference.protocol.openai.embeddings;

import java.util.List;
import java.util.stream.Collectors;

/** The values of the headers that tell how texts were served. */
public final class EmbeddingsHeaders {
  /** Texts whose windows are told one by one. */
  static final int MOST_TEXTS = 64;

  /** Names that are told. */
  static final int MOST_NAMES = 10;

  /** Of a name. */
  static final int LONGEST_NAME = 64;

  private EmbeddingsHeaders() {}

  /** Names from a request, made fit for a header; the first of them if there are many. */
  public static String ignored(List<String> names) {
    return names.stream()
        .limit(MOST_NAMES)
        .map(EmbeddingsHeaders::printable)
        .collect(Collectors.joining(", "));
  }

  /**
   * How many windows each text took: their numbers in order, or {@code most=M, total=T} where there
   * are more than {@value #MOST_TEXTS} texts.
   */
  public static String windows(List<Integer> windows) {
    if (windows.size() <= MOST_TEXTS) {
      return windows.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
    return "most=%d, total=%d"
        .formatted(
            windows.stream().mapToInt(Integer::intValue).max().orElse(0),
            windows.stream().mapToInt(Integer::intValue).sum());
  }

  private static String printable(String name) {
    StringBuilder printable = new StringBuilder();
    for (int index = 0; index < Math.min(name.length(), LONGEST_NAME); index++) {
      char character = name.charAt(index);
      boolean plain =
          character < 128
              && (Character.isLetterOrDigit(character) || "_-.".indexOf(character) >= 0);
      printable.append(plain ? character : '?');
    }
    return printable.isEmpty() ? "?" : printable.toString();
  }
}
