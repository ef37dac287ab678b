package io.onnxfleet.engine.text;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * BERT's tokenizer for plain English, written from its definition: a reference that shares no code
 * with the product. Lower case, words and punctuation apart, the longest known piece first.
 */
final class WordPieces {
  private static final String UNKNOWN = "[UNK]";

  private final Map<String, Long> vocabulary = new HashMap<>();

  WordPieces(Path tokenizer) throws IOException {
    JsonObject json = JsonParser.parseString(Files.readString(tokenizer)).getAsJsonObject();
    json.getAsJsonObject("model")
        .getAsJsonObject("vocab")
        .entrySet()
        .forEach(entry -> vocabulary.put(entry.getKey(), entry.getValue().getAsLong()));
  }

  /** With {@code [CLS]} before and {@code [SEP]} behind. */
  long[] encode(String text) {
    List<Long> ids = new ArrayList<>();
    ids.add(id("[CLS]"));
    StringBuilder word = new StringBuilder();
    for (char character : (text + " ").toLowerCase(Locale.ROOT).toCharArray()) {
      if (character >= 128) {
        throw new IllegalArgumentException(text + " (expected plain English)");
      }
      if (Character.isLetterOrDigit(character)) {
        word.append(character);
        continue;
      }
      if (!word.isEmpty()) {
        ids.addAll(pieces(word.toString()));
        word.setLength(0);
      }
      if (!Character.isWhitespace(character)) {
        ids.addAll(pieces(String.valueOf(character)));
      }
    }
    ids.add(id("[SEP]"));
    return ids.stream().mapToLong(Long::longValue).toArray();
  }

  private List<Long> pieces(String word) {
    List<Long> ids = new ArrayList<>();
    int from = 0;
    while (from < word.length()) {
      int to = word.length();
      while (to > from && !vocabulary.containsKey(piece(word, from, to))) {
        to--;
      }
      if (to == from) {
        return List.of(id(UNKNOWN));
      }
      ids.add(id(piece(word, from, to)));
      from = to;
    }
    return ids;
  }

  private static String piece(String word, int from, int to) {
    return (from == 0 ? "" : "##") + word.substring(from, to);
  }

  private long id(String piece) {
    return vocabulary.getOrDefault(piece, vocabulary.getOrDefault(UNKNOWN, -1L));
  }
}
