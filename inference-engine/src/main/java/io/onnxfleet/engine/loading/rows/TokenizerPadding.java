package io.onnxfleet.engine.loading.rows;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How the tokenizer beside a model would fill rows up. {@code tokenizer_config.json} counts before
 * {@code tokenizer.json}, as it does for the library that reads both, and {@code config.json} last.
 * Files that are missing or make no sense say nothing here; who needs them says so.
 *
 * @param side empty if no file says it
 * @param fill the id of padding; empty if no file says it
 */
public record TokenizerPadding(Optional<PaddingSide> side, OptionalLong fill) {
  static final TokenizerPadding NONE = new TokenizerPadding(Optional.empty(), OptionalLong.empty());

  private static final int MOST_BYTES = 256 << 20;
  private static final String TOKENIZER = SideFiles.TOKENIZER;
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String MODEL_CONFIG = "config.json";

  /**
   * Reads the files of a model.
   *
   * @throws InferenceException if one has changed since they were looked at
   */
  public static TokenizerPadding read(SideFiles files) {
    Reading reading = new Reading();
    read(files, TOKENIZER_CONFIG, reading::readTokenizerConfig);
    read(files, TOKENIZER, reading::readTokenizer);
    read(files, MODEL_CONFIG, reading::readModelConfig);
    return reading.outcome();
  }

  @FunctionalInterface
  private interface Member {
    void read(String name, JsonReader value) throws IOException;
  }

  private static void read(SideFiles files, String name, Member member) {
    Optional<Path> file = files.find(name);
    if (file.isEmpty()) {
      return;
    }
    try (JsonReader reader =
        new JsonReader(new StringReader(TextFile.text(files.read(file.get(), MOST_BYTES))))) {
      forEach(reader, member);
    } catch (IOException
        | IllegalStateException
        | NumberFormatException
        | UncheckedIOException no) {
      // It says nothing.
    }
  }

  private static void forEach(JsonReader reader, Member member) throws IOException {
    reader.beginObject();
    while (reader.hasNext()) {
      member.read(reader.nextName(), reader);
    }
    reader.endObject();
  }

  /** What was read so far. */
  private static final class Reading {
    private @Nullable PaddingSide configured;
    private @Nullable PaddingSide ofTokenizer;
    private @Nullable String padToken;
    private @Nullable Long padId;
    private @Nullable Long modelPadId;
    private final Map<String, Long> addedTokens = new HashMap<>();

    void readTokenizerConfig(String name, JsonReader value) throws IOException {
      switch (name) {
        case "padding_side" -> configured = side(value);
        case "pad_token" -> padToken = text(value);
        default -> value.skipValue();
      }
    }

    /** Added tokens stand before the vocabulary, so that no token of it is looked at. */
    void readTokenizer(String name, JsonReader value) throws IOException {
      boolean isObject = value.peek() == JsonToken.BEGIN_OBJECT;
      if (name.equals("padding") && isObject) {
        forEach(
            value,
            (member, at) -> {
              switch (member) {
                case "direction" -> ofTokenizer = side(at);
                case "pad_id" -> padId = number(at);
                default -> at.skipValue();
              }
            });
      } else if (name.equals("added_tokens") && value.peek() == JsonToken.BEGIN_ARRAY) {
        value.beginArray();
        while (value.hasNext()) {
          readAddedToken(value);
        }
        value.endArray();
      } else {
        value.skipValue();
      }
    }

    private void readAddedToken(JsonReader value) throws IOException {
      @Nullable Object[] token = new @Nullable Object[2];
      forEach(
          value,
          (member, at) -> {
            switch (member) {
              case "id" -> token[0] = number(at);
              case "content" -> token[1] = text(at);
              default -> at.skipValue();
            }
          });
      if (token[0] instanceof Long id && token[1] instanceof String content) {
        addedTokens.put(content, id);
      }
    }

    void readModelConfig(String name, JsonReader value) throws IOException {
      if (name.equals("pad_token_id")) {
        modelPadId = number(value);
      } else {
        value.skipValue();
      }
    }

    private static @Nullable PaddingSide side(JsonReader value) throws IOException {
      String text = text(value);
      return switch (text == null ? "" : text.toLowerCase(Locale.ROOT)) {
        case "left" -> PaddingSide.LEFT;
        case "right" -> PaddingSide.RIGHT;
        default -> null;
      };
    }

    /** A text, or that of a token's object. */
    private static @Nullable String text(JsonReader value) throws IOException {
      if (value.peek() == JsonToken.STRING) {
        return value.nextString();
      }
      if (value.peek() != JsonToken.BEGIN_OBJECT) {
        value.skipValue();
        return null;
      }
      @Nullable String[] content = new @Nullable String[1];
      forEach(
          value,
          (member, at) -> {
            if (member.equals("content") && at.peek() == JsonToken.STRING) {
              content[0] = at.nextString();
            } else {
              at.skipValue();
            }
          });
      return content[0];
    }

    private static @Nullable Long number(JsonReader value) throws IOException {
      if (value.peek() != JsonToken.NUMBER) {
        value.skipValue();
        return null;
      }
      long number = value.nextLong();
      return number < 0 ? null : number;
    }

    TokenizerPadding outcome() {
      PaddingSide side = configured != null ? configured : ofTokenizer;
      Long named = padToken == null ? null : addedTokens.get(padToken);
      Long fill = named != null ? named : padId != null ? padId : modelPadId;
      return new TokenizerPadding(
          Optional.ofNullable(side), fill == null ? OptionalLong.empty() : OptionalLong.of(fill));
    }
  }
}
