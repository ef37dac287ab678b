package io.onnxfleet.engine.text.tokenization;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.onnxfleet.engine.textsettings.TextSettings;
import java.io.IOException;
import java.io.StringReader;

/**
 * What the tokenizer's own library does not tell of a {@code tokenizer.json}: the range of its
 * token ids, the side of padding, where texts are cut, and what becomes of long words. Read in one
 * pass, without a tree.
 */
final class TokenizerFile {
  private long largestId = -1;
  private boolean padsLeft;
  private int longestText;
  private String modelType = "";
  private String normalizer = "";
  private String preTokenizer = "";
  private int longestWord = LongWords.USUAL_LONGEST;

  private TokenizerFile() {}

  /**
   * What a file says.
   *
   * @throws IOException if this is not JSON, or holds no vocabulary
   */
  static TokenizerFile read(String json) throws IOException {
    TokenizerFile file = new TokenizerFile();
    try (JsonReader reader = new JsonReader(new StringReader(json))) {
      file.readFile(reader);
    } catch (IllegalStateException | NumberFormatException malformed) {
      throw new IOException(malformed.getMessage(), malformed);
    }
    if (file.largestId < 0 || file.largestId >= Integer.MAX_VALUE) {
      throw new IOException("vocabulary: none (expected 'model.vocab')");
    }
    return file;
  }

  /** One more than the largest token id. */
  int vocabularySize() {
    return (int) largestId + 1;
  }

  /** True if it fills texts up at their start. */
  boolean padsLeft() {
    return padsLeft;
  }

  /**
   * Tokens at which it cuts texts, special ones included, at most {@link TextSettings#LONGEST}; 0
   * if it does not.
   */
  int longestText() {
    return longestText;
  }

  /** What becomes of long words. */
  LongWords longWords() {
    if (!modelType.equals("WordPiece")) {
      return LongWords.AS_THEY_ARE;
    }
    boolean isBert = normalizer.equals("BertNormalizer") && preTokenizer.equals("BertPreTokenizer");
    return LongWords.ofWordPiece(longestWord, isBert);
  }

  private void readFile(JsonReader reader) throws IOException {
    reader.beginObject();
    while (reader.hasNext()) {
      switch (reader.nextName()) {
        case "model" -> readModel(reader);
        case "added_tokens" -> readAddedTokens(reader);
        case "padding" -> readPadding(reader);
        case "truncation" -> readTruncation(reader);
        case "normalizer" -> normalizer = readType(reader);
        case "pre_tokenizer" -> preTokenizer = readType(reader);
        default -> reader.skipValue();
      }
    }
    reader.endObject();
  }

  private static String readType(JsonReader reader) throws IOException {
    String type = "";
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      reader.skipValue();
      return type;
    }
    reader.beginObject();
    while (reader.hasNext()) {
      if (reader.nextName().equals("type") && reader.peek() == JsonToken.STRING) {
        type = reader.nextString();
      } else {
        reader.skipValue();
      }
    }
    reader.endObject();
    return type;
  }

  private void readPadding(JsonReader reader) throws IOException {
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      reader.skipValue();
      return;
    }
    reader.beginObject();
    while (reader.hasNext()) {
      if (reader.nextName().equals("direction") && reader.peek() == JsonToken.STRING) {
        padsLeft = reader.nextString().equalsIgnoreCase("left");
      } else {
        reader.skipValue();
      }
    }
    reader.endObject();
  }

  private void readTruncation(JsonReader reader) throws IOException {
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      reader.skipValue();
      return;
    }
    reader.beginObject();
    while (reader.hasNext()) {
      if (reader.nextName().equals("max_length") && reader.peek() == JsonToken.NUMBER) {
        long length = reader.nextLong();
        // Some libraries write a large number for "without bound".
        longestText = length > TextSettings.LONGEST ? 0 : (int) Math.max(0, length);
      } else {
        reader.skipValue();
      }
    }
    reader.endObject();
  }

  private void readModel(JsonReader reader) throws IOException {
    reader.beginObject();
    while (reader.hasNext()) {
      String name = reader.nextName();
      if (name.equals("type") && reader.peek() == JsonToken.STRING) {
        modelType = reader.nextString();
      } else if (name.equals("max_input_chars_per_word") && reader.peek() == JsonToken.NUMBER) {
        longestWord = (int) Math.min(Integer.MAX_VALUE, reader.nextLong());
      } else if (!name.equals("vocab")) {
        reader.skipValue();
      } else if (reader.peek() == JsonToken.BEGIN_ARRAY) {
        readListedVocabulary(reader);
      } else {
        readNamedVocabulary(reader);
      }
    }
    reader.endObject();
  }

  /** WordPiece, WordLevel and BPE: an object from token to id. */
  private void readNamedVocabulary(JsonReader reader) throws IOException {
    reader.beginObject();
    while (reader.hasNext()) {
      reader.skipValue(); // the token, as a name
      note(reader.nextLong());
    }
    reader.endObject();
  }

  /** Unigram: a list of tokens and scores, whose places are the ids. */
  private void readListedVocabulary(JsonReader reader) throws IOException {
    long count = 0;
    reader.beginArray();
    while (reader.hasNext()) {
      reader.skipValue();
      count++;
    }
    reader.endArray();
    note(count - 1);
  }

  private void readAddedTokens(JsonReader reader) throws IOException {
    reader.beginArray();
    while (reader.hasNext()) {
      reader.beginObject();
      while (reader.hasNext()) {
        if (reader.nextName().equals("id")) {
          note(reader.nextLong());
        } else {
          reader.skipValue();
        }
      }
      reader.endObject();
    }
    reader.endArray();
  }

  private void note(long id) {
    largestId = Math.max(largestId, id);
  }
}
