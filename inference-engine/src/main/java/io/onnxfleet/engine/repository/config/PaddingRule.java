package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Tells which tensors of a batched model may be padded along their sequence: those that share the
 * named second dimension of the attention mask. The rule rather says none than pads where the
 * declaration leaves open what padding would do to an output.
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
    if (choice.equals(OFF) || mask == null || mask.shape().rank() != 2 || !hasVariableAxis(mask)) {
      return null;
    }
    String sequence = mask.dimensionNames().get(SequencePadding.AXIS);
    if (!Stream.concat(signature.inputs().stream(), signature.outputs().stream())
        .allMatch(tensor -> isClear(tensor, sequence))) {
      return null;
    }
    List<String> inputs =
        signature.inputs().stream()
            .filter(input -> isPadded(input, sequence))
            .map(TensorSpec::name)
            .toList();
    List<String> outputs =
        signature.outputs().stream()
            .filter(output -> !sequence.isEmpty() && isPadded(output, sequence))
            .map(TensorSpec::name)
            .toList();
    return signature.outputs().stream()
            .allMatch(output -> outputs.contains(output.name()) || hasFixedRows(output))
        ? new SequencePadding(inputs, outputs, side)
        : null;
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
    return tensor.shape().withoutFirst().isConcrete();
  }
}
