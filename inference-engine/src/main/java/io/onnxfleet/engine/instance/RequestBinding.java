package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Checks requests against a {@link ModelInterface} and turns them into {@link BoundRequest}s. What
 * it lets through, the model's types, shapes and names allow. Immutable.
 */
final class RequestBinding {
  /** How Triton's clients send a scalar. */
  private static final Shape ONE_ELEMENT = Shape.of(1);

  private final ModelInterface model;
  private final int maxRequestRows;
  private final LongUnaryOperator mostRows;
  private final Map<String, Integer> inputIndex = new HashMap<>();
  private final Map<String, Integer> outputIndex = new HashMap<>();
  private final boolean[] padded;
  private final int[] allOutputs;

  /**
   * A binding for one model version.
   *
   * @param maxRequestRows rows of the largest request that is let through
   * @param mostRows of a piece, by the bytes of a row, where a request is cut
   */
  RequestBinding(ModelInterface model, int maxRequestRows, LongUnaryOperator mostRows) {
    this.model = model;
    this.maxRequestRows = maxRequestRows;
    this.mostRows = mostRows;
    padded = new boolean[model.inputs().size()];
    Padding padding = model.padding();
    for (int index = 0; index < model.inputs().size(); index++) {
      String name = model.inputs().get(index).name();
      inputIndex.put(name, index);
      padded[index] = padding != null && padding.inputs().contains(name);
    }
    allOutputs = new int[model.outputs().size()];
    for (int index = 0; index < allOutputs.length; index++) {
      outputIndex.put(model.outputs().get(index).name(), index);
      allOutputs[index] = index;
    }
  }

  /**
   * The request in the model's terms, in pieces where that changes no answer.
   *
   * @param terms what may be done with its rows
   * @return pieces with references of their own to the tensors, at least one; the request stays the
   *     caller's
   * @throws InferenceException if the model cannot take it; nothing is left open then
   */
  List<BoundRequest> bind(InferenceRequest request, RowTerms terms) {
    if (request.priority() < 0) {
      throw InferenceException.invalidInput("priority: %d (expected: >= 0)", request.priority());
    }
    @Nullable Tensor[] inputs = new @Nullable Tensor[model.inputs().size()];
    try {
      for (NamedTensor input : request.inputs()) {
        int index = indexOf(input.name(), inputIndex, "input");
        if (inputs[index] != null) {
          throw InferenceException.invalidInput(
              "input '%s': given twice (expected once)", input.name());
        }
        inputs[index] = checked(model.inputs().get(index), input.tensor());
      }
      requireComplete(inputs);
      int[] outputs = outputsOf(request);
      if (!model.isBatched()) {
        return List.of(new BoundRequest(inputs, outputs, 1, 1, 0, new Object()));
      }
      long most = mostRows(inputs);
      BoundRequest whole = whole(inputs, outputs, most);
      if (whole.givesOptional(model)) {
        // Rows were proven without: what it is to them is not known.
        requireFew(most);
        requireWithin(most, terms.bounded(), "an optional input is given");
        return List.of(whole);
      }
      boolean asItCame = !terms.merged() && terms.cut() == RowTerms.Cut.NEVER;
      long rows = asItCame ? most : requireEqualRows(inputs);
      requireFew(rows);
      requireWithin(rows, terms.bounded() && terms.cut() == RowTerms.Cut.NEVER, terms.reason());
      return split(inputs, outputs, rows, requireEqualLength(inputs), terms);
    } catch (Throwable failure) {
      BoundRequest.close(inputs);
      throw failure;
    }
  }

  private BoundRequest whole(@Nullable Tensor[] inputs, int[] outputs, long rows) {
    int weight = Math.clamp(rows, 1, model.maxBatchSize());
    return new BoundRequest(inputs, outputs, rows, weight, 0, new Object());
  }

  private void requireWithin(long rows, boolean bounded, String why) {
    if (bounded && rows > model.maxBatchSize()) {
      throw InferenceException.invalidInput(
          "request of %d rows (expected: <= %d, the model's max_batch_size, as the request is not"
              + " cut: %s)",
          rows, model.maxBatchSize(), why);
    }
  }

  private Tensor checked(Port port, Tensor tensor) {
    TensorSpec spec = port.spec();
    if (tensor.dataType() != spec.dataType()) {
      throw InferenceException.invalidInput(
          "input '%s': datatype %s (expected %s)", spec.name(), tensor.dataType(), spec.dataType());
    }
    if (isScalar(spec) && tensor.shape().equals(ONE_ELEMENT)) {
      return tensor.reshape(Shape.SCALAR);
    }
    if (!spec.accepts(tensor.shape())) {
      throw InferenceException.invalidInput(
          "input '%s': shape %s (expected %s)", spec.name(), tensor.shape(), spec.shape());
    }
    Shape modelShape = port.modelShape();
    return modelShape == null
        ? tensor.share()
        : tensor.reshape(Reshaping.resolve(tensor.shape(), modelShape, model.isBatched()));
  }

  private static boolean isScalar(TensorSpec spec) {
    return spec.form() == TensorSpec.Form.TENSOR && spec.shape().rank() == 0;
  }

  private void requireComplete(@Nullable Tensor[] inputs) {
    for (int index = 0; index < inputs.length; index++) {
      TensorSpec spec = model.inputs().get(index).spec();
      if (inputs[index] == null && !spec.optional()) {
        throw InferenceException.invalidInput(
            "input '%s': missing (expected %s%s)", spec.name(), spec.dataType(), spec.shape());
      }
    }
  }

  private int[] outputsOf(InferenceRequest request) {
    List<String> names = request.requestedOutputs();
    if (names.isEmpty()) {
      return allOutputs;
    }
    int[] outputs = new int[names.size()];
    for (int position = 0; position < outputs.length; position++) {
      outputs[position] = indexOf(names.get(position), outputIndex, "output");
      for (int earlier = 0; earlier < position; earlier++) {
        if (outputs[earlier] == outputs[position]) {
          throw InferenceException.invalidInput(
              "output '%s': asked for twice (expected once)", names.get(position));
        }
      }
    }
    return outputs;
  }

  private static int indexOf(String name, Map<String, Integer> known, String kind) {
    Integer index = known.get(name);
    if (index == null) {
      throw InferenceException.invalidInput(
          "%s '%s': unknown (expected one of %s)",
          kind, name, known.keySet().stream().sorted().toList());
    }
    return index;
  }

  /** The most rows that an input has, where they need not agree. */
  private static long mostRows(@Nullable Tensor[] inputs) {
    long rows = 0;
    for (Tensor input : inputs) {
      rows = input == null || input.shape().rank() == 0 ? rows : Math.max(rows, input.rows());
    }
    return rows;
  }

  private void requireFew(long rows) {
    if (rows > maxRequestRows) {
      throw InferenceException.invalidInput(
          "request of %d rows (expected: <= %d)", rows, maxRequestRows);
    }
  }

  private long requireEqualRows(@Nullable Tensor[] inputs) {
    long rows = -1;
    for (int index = 0; index < inputs.length; index++) {
      Tensor input = inputs[index];
      if (input == null) {
        continue;
      }
      if (rows >= 0 && input.rows() != rows) {
        throw InferenceException.invalidInput(
            "input '%s': %d rows (expected %d, as the inputs before it have)",
            model.inputs().get(index).name(), input.rows(), rows);
      }
      rows = input.rows();
    }
    return Math.max(rows, 0);
  }

  private long requireEqualLength(@Nullable Tensor[] inputs) {
    long length = -1;
    for (int index = 0; index < inputs.length; index++) {
      Tensor input = inputs[index];
      if (input == null || !padded[index]) {
        continue;
      }
      if (length >= 0 && input.shape().dim(1) != length) {
        throw InferenceException.invalidInput(
            "input '%s': length %d (expected %d, as the inputs before it have)",
            model.inputs().get(index).name(), input.shape().dim(1), length);
      }
      length = input.shape().dim(1);
    }
    return Math.max(length, 0);
  }

  private long rowsByMemory(@Nullable Tensor[] inputs, long rows) {
    long bytes = 0;
    for (Tensor input : inputs) {
      bytes += input == null ? 0 : input.byteSize();
    }
    return rows == 0 ? Long.MAX_VALUE : Math.max(1, mostRows.applyAsLong(bytes / rows));
  }

  private List<BoundRequest> split(
      @Nullable Tensor[] inputs, int[] outputs, long rows, long length, RowTerms terms) {
    Object key = rows == 0 || !terms.merged() ? new Object() : shapeKey(inputs);
    long most =
        switch (terms.cut()) {
          case NEVER -> Long.MAX_VALUE;
          case BATCHES -> Math.min(model.maxBatchSize(), rowsByMemory(inputs, rows));
          case ROWS -> 1;
        };
    if (rows <= most) {
      int weight = Math.clamp(rows, 1, model.maxBatchSize());
      return List.of(new BoundRequest(inputs, outputs, rows, weight, length, key));
    }
    long[] counts = new long[Math.toIntExact(Math.ceilDiv(rows, most))];
    Arrays.fill(counts, most);
    counts[counts.length - 1] = rows - (counts.length - 1L) * most;
    List<@Nullable Tensor[]> parts = new ArrayList<>();
    for (int part = 0; part < counts.length; part++) {
      parts.add(new @Nullable Tensor[inputs.length]);
    }
    try {
      for (int index = 0; index < inputs.length; index++) {
        Tensor input = inputs[index];
        if (input != null) {
          List<Tensor> rowsOfInput = TensorRows.part(input, counts);
          for (int part = 0; part < counts.length; part++) {
            parts.get(part)[index] = rowsOfInput.get(part);
          }
        }
      }
    } catch (Throwable failure) {
      parts.forEach(BoundRequest::close);
      throw failure;
    }
    BoundRequest.close(inputs);
    List<BoundRequest> pieces = new ArrayList<>(counts.length);
    for (int part = 0; part < counts.length; part++) {
      Object own = terms.merged() ? key : new Object();
      int weight = (int) counts[part];
      pieces.add(new BoundRequest(parts.get(part), outputs, counts[part], weight, length, own));
    }
    return pieces;
  }

  /**
   * Equal for requests that may share a batch: the shapes but for rows, and lengths where padded.
   */
  private List<Shape> shapeKey(@Nullable Tensor[] inputs) {
    List<Shape> key = new ArrayList<>(inputs.length);
    for (int index = 0; index < inputs.length; index++) {
      Tensor input = inputs[index];
      if (input == null) {
        key.add(Shape.SCALAR);
      } else {
        Shape shape = input.shape().with(0, 0);
        key.add(padded[index] ? shape.with(1, 0) : shape);
      }
    }
    return key;
  }
}
