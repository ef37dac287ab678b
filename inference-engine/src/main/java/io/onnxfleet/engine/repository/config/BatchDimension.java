package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/*
 * A model's file does not say which dimension is its batch; it is concluded.
 *
 * Needed: every required input and every output leads with a variable dimension, and there is at
 * least one input. This leaves out models with a scalar input, with a state of fixed size, and with
 * a fixed batch of one.
 *
 * Not needed: that the leading dimensions bear one name. Exporters number them (unk__214 in,
 * unk__215 out), and models with several inputs name them one by one (batch1, batch2).
 *
 * Not enough: rows that depend on each other. Where the first dimension is a sequence, two callers'
 * sequences joined end to end are one longer sequence, which runs and answers wrongly. What gives
 * such a dimension away is its name: it sounds like a length, or it also stands at another axis.
 *
 * What no declaration tells (an output whose rows are fixed in truth) is left to a trial with two
 * rows, which ModelConfig.batchingDerived asks for.
 */
/** Tells whether a model takes many requests at once, stacked along the first axis. */
final class BatchDimension {
  private static final List<String> LENGTH_WORDS =
      List.of("seq", "time", "length", "len_", "_len", "frame", "token", "step");

  private BatchDimension() {}

  /** True if the model may be assumed to answer row by row. */
  static boolean isDerivable(ModelSignature signature) {
    List<TensorSpec> required =
        signature.inputs().stream().filter(input -> !input.optional()).toList();
    return !required.isEmpty()
        && Stream.concat(required.stream(), signature.outputs().stream())
            .allMatch(tensor -> isVariable(tensor) && !isLength(tensor, signature));
  }

  /** True if the tensor's first dimension is variable, and counts no elements of a sequence. */
  static boolean isVariable(TensorSpec tensor) {
    return tensor.mayBatch();
  }

  private static boolean isLength(TensorSpec tensor, ModelSignature signature) {
    String name = tensor.dimensionNames().getFirst().toLowerCase(Locale.ROOT);
    return !name.isEmpty()
        && !name.startsWith("batch")
        && (LENGTH_WORDS.stream().anyMatch(name::contains)
            || Stream.concat(signature.inputs().stream(), signature.outputs().stream())
                .anyMatch(other -> hasBehindFirst(other, name)));
  }

  private static boolean hasBehindFirst(TensorSpec tensor, String name) {
    return IntStream.range(1, tensor.dimensionNames().size())
        .anyMatch(axis -> tensor.dimensionNames().get(axis).equalsIgnoreCase(name));
  }
}
