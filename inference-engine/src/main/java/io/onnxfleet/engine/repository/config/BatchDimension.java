package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/*
 * A model's file does not say which dimension is its batch. Where every required input and every
 * output leads with a variable dimension, it may be that one. This leaves out models with a scalar
 * input, with a state of fixed size, and with a fixed batch of one.
 *
 * Nothing else is concluded from declarations. Exporters name dimensions as they like (unk__214 in,
 * unk__215 out; batch1, batch2; sequence), and a leading dimension that is called a batch may well
 * be one across which rows are compared. Whether rows are independent is proven by running them:
 * see io.onnxfleet.engine.proof.
 */
/** Tells which models may have a batch dimension, by what they declare. */
public final class BatchDimension {
  private BatchDimension() {}

  /** Why a model has no rows that could be stacked along the first axis; empty if it may have. */
  public static String obstacle(ModelSignature signature) {
    List<TensorSpec> required =
        signature.inputs().stream().filter(input -> !input.optional()).toList();
    if (required.isEmpty()) {
      return "the model has no inputs";
    }
    return Stream.concat(
            required.stream().filter(input -> !isVariable(input)).map(of("input")),
            signature.outputs().stream().filter(output -> !isVariable(output)).map(of("output")))
        .findFirst()
        .orElse("");
  }

  private static Function<TensorSpec, String> of(String role) {
    return tensor ->
        "%s '%s' has no variable first dimension: its shape is %s"
            .formatted(role, tensor.name(), tensor.shape());
  }

  /** True if the tensor's first dimension is variable, and counts no elements of a sequence. */
  public static boolean isVariable(TensorSpec tensor) {
    return tensor.mayBatch();
  }
}
