package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a model version serves text: which inputs it takes, which output is pooled and how.
 *
 * @param name of the model
 * @param version of the model
 * @param inputs those of {@link #INPUT_IDS}, {@link #ATTENTION_MASK} and {@link #TOKEN_TYPE_IDS}
 *     that the model has, each INT64 or INT32 and of rank 2
 * @param output the FP32 output that vectors are made of
 * @param dimensions of a vector, 0 if the model does not declare them
 * @param pooling how
 * @param maxLength tokens of a window, special tokens included; empty for the tokenizer's own
 * @param fixedLength tokens that every row must have, 0 if the model takes any number
 * @param overlap tokens that neighbouring windows share
 */
public record TextModel(
    String name,
    long version,
    List<TensorSpec> inputs,
    String output,
    int dimensions,
    Pooling pooling,
    Optional<Integer> maxLength,
    int fixedLength,
    int overlap) {

  public static final String INPUT_IDS = "input_ids";
  public static final String ATTENTION_MASK = "attention_mask";
  public static final String TOKEN_TYPE_IDS = "token_type_ids";

  /** Model parameter: {@code mean} (the default) or {@code cls}. */
  public static final String POOLING = "pooling";

  /** Model parameter: tokens of a window, special tokens included. */
  public static final String MAX_SEQUENCE_LENGTH = "max-sequence-length";

  /** Model parameter: tokens that neighbouring windows of a long text share. */
  public static final String WINDOW_OVERLAP = "window-overlap";

  static final int DEFAULT_OVERLAP = 32;

  private static final int LONGEST = 1 << 17;

  private static final String SENTENCE_EMBEDDING = "sentence_embedding";
  private static final String LAST_HIDDEN_STATE = "last_hidden_state";

  public TextModel {
    inputs = List.copyOf(inputs);
  }

  /**
   * How a model serves text, by what it declares and the parameters of its configuration.
   *
   * @throws InferenceException with {@link ErrorCode#UNSUPPORTED_FEATURE} if it does not, or {@link
   *     ErrorCode#MODEL_LOAD_FAILED} if a parameter makes no sense
   */
  public static TextModel of(
      String name,
      long version,
      List<TensorSpec> inputs,
      List<TensorSpec> outputs,
      Map<String, String> parameters) {
    List<TensorSpec> textInputs = inputs.stream().filter(input -> !input.optional()).toList();
    if (textInputs.stream().noneMatch(input -> input.name().equals(INPUT_IDS))) {
      throw notText(name, "no input '" + INPUT_IDS + "'");
    }
    textInputs.forEach(input -> requireTextInput(name, input));
    TensorSpec output = outputOf(name, outputs, parameters);
    boolean poolsItself = output.shape().rank() == 2;
    int fixedLength = (int) Math.max(0, textInputs.getFirst().shape().dim(1));
    return new TextModel(
        name,
        version,
        textInputs,
        output.name(),
        (int) Math.max(0, output.shape().dim(output.shape().rank() - 1)),
        poolsItself ? Pooling.MODEL : Pooling.parse(parameters.getOrDefault(POOLING, "mean")),
        Optional.ofNullable(number(name, parameters, MAX_SEQUENCE_LENGTH, 1, LONGEST)),
        fixedLength,
        Optional.ofNullable(number(name, parameters, WINDOW_OVERLAP, 0, LONGEST))
            .orElse(DEFAULT_OVERLAP));
  }

  /** The tokenizer in the version's folder, or in the model's. */
  public static Optional<Path> tokenizerFile(Path modelFolder, long version) {
    Path ofVersion = modelFolder.resolve(Long.toString(version)).resolve(TextTokenizer.FILE_NAME);
    if (Files.isRegularFile(ofVersion)) {
      return Optional.of(ofVersion);
    }
    Path ofModel = modelFolder.resolve(TextTokenizer.FILE_NAME);
    return Files.isRegularFile(ofModel) ? Optional.of(ofModel) : Optional.empty();
  }

  /** A model that cannot be asked with text, and why. */
  public static InferenceException notText(String name, String reason) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_FEATURE,
        "model '%s' does not serve text: %s (expected a transformer encoder with its %s)"
            .formatted(name, reason, TextTokenizer.FILE_NAME));
  }

  private static void requireTextInput(String name, TensorSpec input) {
    boolean known =
        switch (input.name()) {
          case INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS -> true;
          default -> false;
        };
    if (!known) {
      throw notText(name, "its input '%s' is none that a text has".formatted(input.name()));
    }
    boolean integers = input.dataType() == DataType.INT64 || input.dataType() == DataType.INT32;
    if (!integers || input.shape().rank() != 2) {
      throw notText(
          name,
          "its input '%s' is %s%s (expected INT64[-1,-1])"
              .formatted(input.name(), input.dataType(), input.shape()));
    }
  }

  /** A vector a row if the model offers one and no pooling is asked for, or else one a token. */
  private static TensorSpec outputOf(
      String name, List<TensorSpec> outputs, Map<String, String> parameters) {
    TensorSpec pooled = null;
    TensorSpec hidden = null;
    for (TensorSpec output : outputs) {
      if (output.dataType() != DataType.FP32) {
        continue;
      }
      if (output.name().equals(SENTENCE_EMBEDDING) && output.shape().rank() == 2) {
        pooled = output;
      }
      if (output.shape().rank() == 3
          && (hidden == null || output.name().equals(LAST_HIDDEN_STATE))) {
        hidden = output;
      }
    }
    TensorSpec chosen = pooled == null || parameters.containsKey(POOLING) ? hidden : pooled;
    if (chosen == null) {
      throw notText(name, "no FP32 output of one vector a token");
    }
    return chosen;
  }

  private static @Nullable Integer number(
      String name, Map<String, String> parameters, String key, int least, int most) {
    String value = parameters.get(key);
    if (value == null) {
      return null;
    }
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // said below
    }
    throw new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "model '%s', parameter %s: %s (expected a number from %d to %d)"
            .formatted(name, key, value, least, most));
  }
}
