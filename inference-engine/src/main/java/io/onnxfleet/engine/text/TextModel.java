package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextOutputs;
import io.onnxfleet.engine.textsettings.TextParameters;
import io.onnxfleet.engine.textsettings.TextSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a model version serves text: which inputs it takes, which output is pooled and how.
 *
 * @param name of the model
 * @param version of the model
 * @param inputs those of {@link #INPUT_IDS}, {@link #ATTENTION_MASK}, {@link #TOKEN_TYPE_IDS} and
 *     {@link #POSITION_IDS} that the model has, each INT64 or INT32 and of rank 2
 * @param output the floating-point output that vectors are made of
 * @param dimensions of a vector, 0 if the model does not declare them
 * @param pooling how
 * @param fixedLength tokens that every row must have, 0 if the model takes any number
 * @param settings what else is said of it
 */
public record TextModel(
    String name,
    long version,
    List<TensorSpec> inputs,
    String output,
    int dimensions,
    Pooling pooling,
    int fixedLength,
    TextSettings settings) {

  public static final String INPUT_IDS = "input_ids";
  public static final String ATTENTION_MASK = "attention_mask";
  public static final String TOKEN_TYPE_IDS = "token_type_ids";
  public static final String POSITION_IDS = "position_ids";

  static final int DEFAULT_OVERLAP = TextSettings.DEFAULT_OVERLAP;

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
    TextSettings settings = settings(name, parameters);
    if (settings.refusal() != null) {
      throw notText(name, settings.refusal());
    }
    textInputs.forEach(input -> requireTextInput(name, input));
    if (settings.positionOffset() == null
        && textInputs.stream().anyMatch(input -> input.name().equals(POSITION_IDS))) {
      throw notText(
          name,
          "nothing says what its input '%s' begins with, as parameter %s would"
              .formatted(POSITION_IDS, TextParameters.POSITION_OFFSET));
    }
    TextOutputs.Choice.Chosen chosen =
        switch (TextOutputs.choose(outputs, settings)) {
          case TextOutputs.Choice.Refused(String reason) -> throw notText(name, reason);
          case TextOutputs.Choice.Chosen output -> output;
        };
    TensorSpec output = chosen.output();
    boolean hasHead = settings.task().task().hasHead();
    Pooling pooling =
        chosen.isPooled()
            ? Pooling.MODEL
            : settings.pooling().isEmpty() ? Pooling.MEAN : new Pooling(settings.pooling());
    int dimensions = (int) Math.max(0, output.shape().dim(output.shape().rank() - 1));
    return new TextModel(
        name,
        version,
        textInputs,
        output.name(),
        settings.dense().isEmpty() && !hasHead ? dimensions * pooling.vectorsJoined() : 0,
        pooling,
        (int) Math.max(0, textInputs.getFirst().shape().dim(1)),
        settings);
  }

  /** What it is for. */
  public ModelTask task() {
    return settings.task().task();
  }

  /**
   * Refuses a call for something else than the model is for.
   *
   * @throws InferenceException with {@link ErrorCode#INVALID_INPUT}
   */
  public void requireTask(ModelTask... expected) {
    if (!Arrays.asList(expected).contains(task())) {
      throw InferenceException.invalidInput(
          "model: '%s' has the task %s (expected %s)",
          name,
          task().label(),
          Arrays.stream(expected).map(ModelTask::label).collect(Collectors.joining(" or ")));
    }
  }

  /** Tokens of a window, special tokens included; empty for the tokenizer's own. */
  public Optional<Integer> maxLength() {
    return settings.maxLength();
  }

  /** Tokens that neighbouring windows share. */
  public int overlap() {
    return settings.overlap();
  }

  /** The tokenizer beside a version's file, or above it. */
  public static Optional<Path> tokenizerFile(Path modelFolder, long version) {
    return SideFiles.of(modelFolder, version).find(TextTokenizer.FILE_NAME);
  }

  /** A model that cannot be asked with text, and why. */
  public static InferenceException notText(String name, String reason) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_FEATURE,
        "model '%s' does not serve text: %s (expected a transformer encoder with its %s)"
            .formatted(name, reason, TextTokenizer.FILE_NAME));
  }

  private static TextSettings settings(String name, Map<String, String> parameters) {
    try {
      return TextSettings.of(parameters);
    } catch (InferenceException wrong) {
      throw new InferenceException(
          wrong.code(), "model '%s', %s".formatted(name, wrong.getMessage()), wrong);
    }
  }

  private static void requireTextInput(String name, TensorSpec input) {
    boolean known =
        switch (input.name()) {
          case INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS, POSITION_IDS -> true;
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
    if (input.shape().dim(1) > TextSettings.LONGEST) {
      throw notText(
          name,
          "its input '%s' has rows of %d tokens, which are more than %d"
              .formatted(input.name(), input.shape().dim(1), TextSettings.LONGEST));
    }
  }
}
