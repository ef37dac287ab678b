package io.onnxfleet.engine.textsettings;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a model serves text, as far as parameters say it. Immutable.
 *
 * @param pooling how a vector is made of the tokens'; empty if nothing says it
 * @param poolingAsked true if the operator asked for that pooling, even where the model pools too
 * @param output the output that vectors are made of, or null to choose
 * @param maxLength tokens of a window, special tokens included; empty for the tokenizer's own
 * @param overlap tokens that neighbouring windows share
 * @param normalizes true if vectors have length 1
 * @param includesPrompt false if a prompt's tokens are left out of the pooling
 * @param prompts by name, what goes before a text
 * @param defaultPrompt the prompt's name where a request gives none, or null
 * @param acceptsTokens true if any token ids are taken for this vocabulary's
 * @param dense folders of the layers behind the pooling, in order
 * @param padsLeft true if rows of a fixed length are filled up at their start
 * @param padToken the id that they are filled up with
 * @param positionOffset what position ids begin with, or null if nothing says it
 * @param lowercases true if texts become lower case first
 * @param vocabulary how many token ids the model takes; empty if nothing says it, or any will do
 * @param task what it is for
 * @param refusal why it serves no text, or null
 */
public record TextSettings(
    List<PoolingMode> pooling,
    boolean poolingAsked,
    @Nullable String output,
    Optional<Integer> maxLength,
    int overlap,
    boolean normalizes,
    boolean includesPrompt,
    Map<String, String> prompts,
    @Nullable String defaultPrompt,
    boolean acceptsTokens,
    List<String> dense,
    boolean padsLeft,
    int padToken,
    @Nullable Integer positionOffset,
    boolean lowercases,
    Optional<Integer> vocabulary,
    TaskSettings task,
    @Nullable String refusal) {

  /** Tokens that neighbouring windows share, unless said otherwise. */
  public static final int DEFAULT_OVERLAP = 32;

  /** Tokens of a row at most, whatever a file says: memory for as many is held with each model. */
  public static final int LONGEST = 1 << 17;

  private static final int MOST_PROMPTS = 100;
  private static final int LONGEST_PROMPT = 4096;

  public TextSettings {
    pooling = List.copyOf(pooling);
    prompts = Map.copyOf(prompts);
    dense = List.copyOf(dense);
  }

  /**
   * What parameters say.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} that names the first of
   *     them that makes no sense
   */
  public static TextSettings of(Map<String, String> parameters) {
    Optional<Integer> maxLength =
        number(parameters, TextParameters.MAX_SEQUENCE_LENGTH, 1, LONGEST);
    int overlap =
        number(parameters, TextParameters.WINDOW_OVERLAP, 0, LONGEST).orElse(DEFAULT_OVERLAP);
    if (parameters.containsKey(TextParameters.WINDOW_OVERLAP)
        && maxLength.isPresent()
        && overlap >= maxLength.get()) {
      throw wrong(
          TextParameters.WINDOW_OVERLAP,
          Integer.toString(overlap),
          "a number below %s, %d",
          TextParameters.MAX_SEQUENCE_LENGTH,
          maxLength.get());
    }
    Map<String, String> prompts = prompts(parameters);
    return new TextSettings(
        pooling(parameters),
        parameters.containsKey(TextParameters.POOLING)
            && parameters
                .getOrDefault(
                    TextParameters.POOLING + TextParameters.SOURCE, TextParameters.DECLARED)
                .equals(TextParameters.DECLARED),
        output(parameters),
        maxLength,
        overlap,
        flag(parameters, TextParameters.NORMALIZE, "true", "false", true),
        flag(parameters, TextParameters.INCLUDE_PROMPT, "true", "false", true),
        prompts,
        defaultPrompt(parameters, prompts),
        flag(
            parameters,
            TextParameters.TOKEN_ARRAYS,
            TextParameters.ACCEPT,
            TextParameters.REFUSE,
            false),
        dense(parameters),
        flag(parameters, TextParameters.PADDING_SIDE, "left", "right", false),
        number(parameters, TextParameters.PAD_TOKEN, 0, Integer.MAX_VALUE).orElse(0),
        number(parameters, TextParameters.POSITION_OFFSET, 0, LONGEST).orElse(null),
        flag(parameters, TextParameters.LOWERCASE, "true", "false", false),
        TextParameters.ANY.equals(parameters.get(TextParameters.VOCABULARY))
            ? Optional.empty()
            : number(parameters, TextParameters.VOCABULARY, 1, Integer.MAX_VALUE),
        TaskSettings.of(parameters),
        parameters.get(TextParameters.REFUSAL));
  }

  private static List<PoolingMode> pooling(Map<String, String> parameters) {
    String name = parameters.get(TextParameters.POOLING);
    if (name == null) {
      return List.of();
    }
    List<PoolingMode> modes = PoolingMode.parse(name);
    if (modes.isEmpty()) {
      throw wrong(
          TextParameters.POOLING, name, "one of %s, or several joined by +", PoolingMode.labels());
    }
    return modes;
  }

  private static @Nullable String output(Map<String, String> parameters) {
    String output = parameters.get(TextParameters.OUTPUT);
    if (output != null && output.isBlank()) {
      throw wrong(TextParameters.OUTPUT, output, "the name of an output");
    }
    return output;
  }

  private static Map<String, String> prompts(Map<String, String> parameters) {
    Map<String, String> prompts = new TreeMap<>();
    parameters.forEach(
        (key, value) -> {
          if (key.startsWith(TextParameters.PROMPT)) {
            String name = key.substring(TextParameters.PROMPT.length());
            if (name.isBlank()) {
              throw wrong(key, value, "a name behind 'prompt.'");
            }
            if (value.length() > LONGEST_PROMPT) {
              throw wrong(key, value.length() + " characters", "<= %d", LONGEST_PROMPT);
            }
            prompts.put(name, value);
          }
        });
    if (prompts.size() > MOST_PROMPTS) {
      throw wrong(TextParameters.PROMPT, prompts.size() + " prompts", "<= %d", MOST_PROMPTS);
    }
    return prompts;
  }

  private static @Nullable String defaultPrompt(
      Map<String, String> parameters, Map<String, String> prompts) {
    String name = parameters.get(TextParameters.DEFAULT_PROMPT);
    if (name == null || name.equals(TextParameters.NONE)) {
      return null;
    }
    if (!prompts.containsKey(name)) {
      throw wrong(
          TextParameters.DEFAULT_PROMPT,
          name,
          "none, or one of the prompts %s",
          prompts.keySet().stream().sorted().toList());
    }
    return name;
  }

  private static List<String> dense(Map<String, String> parameters) {
    String folders = parameters.get(TextParameters.DENSE);
    if (folders == null || folders.equals(TextParameters.NONE)) {
      return List.of();
    }
    List<String> names = Arrays.stream(folders.split(",", -1)).map(String::strip).toList();
    for (String name : names) {
      if (!SideFiles.isInside(name)) {
        throw wrong(TextParameters.DENSE, folders, "none, or folders of the model such as 2_Dense");
      }
    }
    return names;
  }

  private static boolean flag(
      Map<String, String> parameters, String key, String yes, String no, boolean otherwise) {
    String value = parameters.get(key);
    if (value == null) {
      return otherwise;
    }
    if (!value.equals(yes) && !value.equals(no)) {
      throw wrong(key, value, "%s or %s", yes, no);
    }
    return value.equals(yes);
  }

  private static Optional<Integer> number(
      Map<String, String> parameters, String key, int least, int most) {
    String value = parameters.get(key);
    if (value == null) {
      return Optional.empty();
    }
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= least && number <= most) {
        return Optional.of(number);
      }
    } catch (NumberFormatException notANumber) {
      // said below
    }
    throw wrong(key, value, "a number from %d to %d", least, most);
  }

  @FormatMethod
  private static InferenceException wrong(
      String key, String value, @FormatString String expected, Object... arguments) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "parameter %s: %s (expected %s)"
            .formatted(key, value, String.format(Locale.ROOT, expected, arguments)));
  }
}
