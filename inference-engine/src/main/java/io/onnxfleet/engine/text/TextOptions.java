package io.onnxfleet.engine.text;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one call asks for beside its texts, whatever its task.
 *
 * @param prompt what goes before each text; empty for nothing, null for the model's default
 * @param overlong what becomes of a text that does not fit into one window
 * @param mostTokens of a text, its prompt not counted; the caller wants no more of a longer one
 * @param spared texts at the call's start that count whole, however many tokens are wanted
 * @param places true if the task needs to know where tokens stand in their text
 * @param priority in which the texts wait, 1 (highest) to the model's number of levels; 0 for the
 *     model's default
 */
public record TextOptions(
    @Nullable String prompt,
    Overlong overlong,
    int mostTokens,
    int spared,
    boolean places,
    int priority) {

  /** What becomes of a text that does not fit into one window. */
  public enum Overlong {
    /** It is cut into windows, so that all of it counts. */
    WINDOWS,
    /** It is refused. */
    REFUSED,
    /** It is cut to one window, because the caller said so. */
    CUT;

    /** Its name in requests. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** By its name; empty if it is none. */
    public static Optional<Overlong> of(String label) {
      return Arrays.stream(values()).filter(each -> each.label().equals(label)).findFirst();
    }

    /** The names that are known, for messages. */
    public static List<String> labels() {
      return Arrays.stream(values()).map(Overlong::label).toList();
    }
  }

  /** Every token of each text, without a prompt. */
  public static TextOptions whole(int priority) {
    return new TextOptions("", Overlong.WINDOWS, Integer.MAX_VALUE, 0, false, priority);
  }

  /** The same with another way with long texts. */
  public TextOptions with(Overlong other) {
    return new TextOptions(prompt, other, mostTokens, spared, places, priority);
  }

  /** The same of no more than that many tokens of each text. */
  public TextOptions withAtMost(int tokens) {
    return new TextOptions(prompt, overlong, tokens, spared, places, priority);
  }

  /** The same with so many texts at the start that count whole. */
  public TextOptions sparing(int texts) {
    return new TextOptions(prompt, overlong, mostTokens, texts, places, priority);
  }

  /** The same with tokens' places. */
  public TextOptions withPlaces() {
    return new TextOptions(prompt, overlong, mostTokens, spared, true, priority);
  }
}
