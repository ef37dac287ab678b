package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.inference.protocol.http.BodyInput;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A body that is nothing but the data of a model's only input. Its shape is the declared one, the
 * batch being 1; one dimension besides may be variable and follows from the length. A {@link
 * DataType#BYTES} input is one element, without a length in front.
 */
final class RawTensor {
  private static final int CHUNK = 64 << 10;

  private final BufferPool pool;

  RawTensor(BufferPool pool) {
    this.pool = pool;
  }

  Tensor read(BodyInput body, List<TensorSpec> declaredInputs) throws IOException {
    if (declaredInputs.size() != 1) {
      throw InferenceException.invalidInput(
          "a raw body (%s: 0) for a model of %d inputs (expected a model of one)",
          HeaderNames.HEADER_LENGTH, declaredInputs.size());
    }
    TensorSpec input = declaredInputs.getFirst();
    List<byte[]> pieces = readAll(body);
    int size = pieces.stream().mapToInt(piece -> piece.length).sum();
    if (input.dataType() == DataType.BYTES) {
      Shape shape = shapeOf(input, 1);
      Tensor tensor = Tensor.ofByteSize(pool, DataType.BYTES, shape, Integer.BYTES + (long) size);
      ByteBuffer target = tensor.data().order(ByteOrder.LITTLE_ENDIAN);
      target.putInt(size);
      pieces.forEach(target::put);
      return tensor;
    }
    int elementSize = input.dataType().byteSize();
    Shape shape = shapeOf(input, size / elementSize);
    if (Tensor.byteSize(input.dataType(), shape) != size) {
      throw InferenceException.invalidInput(
          "a raw body of %d bytes for input '%s' of %s%s (expected %d)",
          size,
          Json.shortened(input.name()),
          input.dataType(),
          input.shape(),
          Tensor.byteSize(input.dataType(), shape));
    }
    Tensor tensor = Tensor.allocate(pool, input.dataType(), shape);
    try {
      pieces.forEach(tensor.data()::put);
      InputDraft.requireValid(tensor);
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  /** The declared shape with its variable dimensions settled for that many elements. */
  private static Shape shapeOf(TensorSpec input, long elements) {
    long[] dims = input.shape().dims();
    if (dims.length > 1 && dims[0] == Shape.VARIABLE) {
      dims[0] = 1;
    }
    int variable = -1;
    long fixed = 1;
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] != Shape.VARIABLE) {
        fixed *= Math.max(1, dims[axis]);
      } else if (variable < 0) {
        variable = axis;
      } else {
        throw new InferenceException(
            ErrorCode.INVALID_INPUT,
            "a raw body for input '%s' of shape %s (expected at most one variable dimension)"
                .formatted(Json.shortened(input.name()), input.shape()));
      }
    }
    if (variable >= 0) {
      dims[variable] = elements / fixed;
    }
    Shape shape = Shape.of(dims);
    // Where there may be several elements, a body that is one of them is a guess.
    if (input.dataType() == DataType.BYTES && (variable >= 0 || shape.elementCount() != 1)) {
      throw InferenceException.invalidInput(
          "a raw body for BYTES input '%s' of shape %s (expected one element)",
          Json.shortened(input.name()), input.shape());
    }
    return shape;
  }

  // The shape follows from the length, so the tensor's memory can be taken only at the end.
  private static List<byte[]> readAll(BodyInput body) throws IOException {
    List<byte[]> pieces = new ArrayList<>();
    for (byte[] piece = body.readNBytes(CHUNK); piece.length > 0; piece = body.readNBytes(CHUNK)) {
      pieces.add(piece);
    }
    return pieces;
  }
}
