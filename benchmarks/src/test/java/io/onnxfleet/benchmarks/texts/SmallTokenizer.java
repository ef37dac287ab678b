package io.onnxfleet.benchmarks.texts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A tokenizer of some words, with a special token before and behind a text: "slower" is two tokens,
 * the other words one.
 */
public final class SmallTokenizer {
  public static final int BEFORE = 1;
  public static final int BEHIND = 2;

  private SmallTokenizer() {}

  /** Writes its {@code tokenizer.json} into a folder. */
  public static Path write(Path folder) throws IOException {
    String[] words = {"[UNK]", "[CLS]", "[SEP]", "slow", "##er", "a", "b", "c", "d"};
    String vocabulary =
        Stream.iterate(0, id -> id < words.length, id -> id + 1)
            .map(id -> "\"%s\": %d".formatted(words[id], id))
            .collect(Collectors.joining(", "));
    return Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s, %s],
         "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
          "max_input_chars_per_word": 100, "vocab": {%s}}}
        """
            .formatted(special(BEFORE, "[CLS]"), special(BEHIND, "[SEP]"), vocabulary));
  }

  private static String special(int id, String content) {
    return """
    {"id": %d, "content": "%s", "single_word": false, "lstrip": false, "rstrip": false,
     "normalized": false, "special": true}"""
        .formatted(id, content);
  }
}
