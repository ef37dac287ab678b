package io.onnxfleet.engine.repository.config.reading;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells which inputs of a batched model might be padded along their sequence: those that share the
 * second dimension of the attention mask by its name, or where it has none the integers of as many
 * dimensions.
 */
final class PaddingRule {
  /** The parameter whose value {@value #OFF} switches padding off. */
  static final String PARAMETER = "padding";

  static final String AUTO = "auto";
  static final String OFF = "none";
  private static final Map<String, Optional<PaddingSide>> CHOICES =
      Map.of(
          AUTO,
          Optional.empty(),
          OFF,
          Optional.empty(),
          "left",
          Optional.of(PaddingSide.LEFT),
          "right",
          Optional.of(PaddingSide.RIGHT));

  private static final Set<DataType> INTEGERS =
      EnumSet.of(DataType.INT64, DataType.INT32, DataType.INT16, DataType.INT8, DataType.UINT8);

  private PaddingRule() {}

  /** The padding of a batched model, or null if there is none. */
  static @Nullable SequencePadding derive(
      ModelSignature signature, Map<String, String> parameters) {
    String choice = parameters.getOrDefault(PARAMETER, AUTO);
    Optional<PaddingSide> side = CHOICES.get(choice);
    if (side == null) {
      throw ConfigFailure.invalid(
          "parameter '%s': %s (expected one of auto, none, left, right)", PARAMETER, choice);
    }
    TensorSpec mask =
        signature.inputs().stream()
            .filter(input -> input.name().equals(SequencePadding.MASK))
            .findFirst()
            .orElse(null);
    if (choice.equals(OFF)) {
      return null;
    }
    if (mask == null || mask.shape().rank() != 2 || !hasVariableAxis(mask)) {
      return none(side, "the model has no input '%s' of variable length", SequencePadding.MASK);
    }
    String sequence = mask.dimensionNames().get(SequencePadding.AXIS);
    for (TensorSpec input : signature.inputs()) {
      if (!isClear(input, sequence)) {
        return none(side, "input '%s' is as long as '%s' twice", input.name(), mask.name());
      }
    }
    List<String> inputs =
        signature.inputs().stream()
            .filter(input -> isPadded(input, sequence))
            .map(TensorSpec::name)
            .toList();
    return new SequencePadding(inputs, outputs(signature, sequence), side);
  }

  @FormatMethod
  private static @Nullable SequencePadding none(
      Optional<PaddingSide> side, @FormatString String reason, Object... names) {
    if (side.isPresent()) {
      throw ConfigFailure.invalid(
          "parameter '%s': %s (expected auto or none: %s)",
          PARAMETER, side.get().name().toLowerCase(Locale.ROOT), reason.formatted(names));
    }
    return null;
  }

  /** Empty where the names leave open how long one of the outputs is. */
  private static Optional<List<String>> outputs(ModelSignature signature, String sequence) {
    List<String> outputs =
        signature.outputs().stream()
            .filter(output -> !sequence.isEmpty() && isPadded(output, sequence))
            .map(TensorSpec::name)
            .toList();
    boolean isTold =
        signature.outputs().stream()
            .allMatch(
                output ->
                    isClear(output, sequence)
                        && (outputs.contains(output.name()) || hasFixedRows(output)));
    return isTold ? Optional.of(outputs) : Optional.empty();
  }

  /** True if the sequence stands nowhere in the tensor but at the axis that is padded. */
  private static boolean isClear(TensorSpec tensor, String sequence) {
    for (int axis = 0; axis < tensor.shape().rank(); axis++) {
      if (axis != SequencePadding.AXIS
          && !sequence.isEmpty()
          && tensor.dimensionNames().get(axis).equals(sequence)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPadded(TensorSpec tensor, String sequence) {
    return hasVariableAxis(tensor)
        && tensor.dimensionNames().get(SequencePadding.AXIS).equals(sequence)
        && (!sequence.isEmpty()
            || (tensor.shape().rank() == 2 && INTEGERS.contains(tensor.dataType())));
  }

  private static boolean hasVariableAxis(TensorSpec tensor) {
    return tensor.shape().rank() > SequencePadding.AXIS
        && tensor.shape().dim(SequencePadding.AXIS) == Shape.VARIABLE;
  }

  private static boolean hasFixedRows(TensorSpec tensor) {
    return tensor.shape().rank() > 0 && tensor.shape().withoutFirst().isConcrete();
  }
}
