package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** Makes sure that what is given is what an input takes. */
final class SampleTensors {
  private SampleTensors() {}

  /**
   * The tensor itself.
   *
   * @param origin for messages
   * @throws OptimizerException if its type or its shape is another than the input's
   */
  static Tensor checked(InputSpec input, Tensor tensor, String origin) {
    if (requireType(input, origin) != tensor.type()) {
      throw new OptimizerException(
          "%s: %s (expected: %s for input '%s')"
              .formatted(origin, tensor.type(), requireType(input, origin), input.name()));
    }
    List<Long> shape = input.shape();
    // ONNX Runtime's Java API shows an unknown rank as that of a scalar.
    boolean fits = shape.isEmpty() || shape.size() == tensor.rank();
    for (int axis = 0; fits && axis < shape.size(); axis++) {
      fits = shape.get(axis) < 0 || shape.get(axis) == tensor.dimension(axis);
    }
    if (!fits) {
      throw new OptimizerException(
          "%s: shape %s (expected: %s for input '%s')"
              .formatted(origin, Arrays.toString(tensor.dimensions()), shape, input.name()));
    }
    return tensor;
  }

  static ElementType requireType(InputSpec input, String origin) {
    return input
        .type()
        .orElseThrow(
            () ->
                new OptimizerException(
                    "%s: input '%s' takes no tensor of numbers, and nothing else can be a sample"
                        .formatted(origin, input.name())));
  }

  /** Writes a number as an element, if the type can hold it. */
  static void put(ByteBuffer data, ElementType type, double number, String origin) {
    switch (type) {
      case FLOAT -> data.putFloat((float) number);
      case DOUBLE -> data.putDouble(number);
      case FLOAT16 -> data.putShort(Float.floatToFloat16((float) number));
      // The upper half of an FP32 number, rounded to the nearest.
      case BFLOAT16 ->
          data.putShort((short) ((Float.floatToIntBits((float) number) + 0x8000) >> 16));
      case INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, BOOL ->
          putWhole(data, type, number, origin);
    }
  }

  private static void putWhole(ByteBuffer data, ElementType type, double number, String origin) {
    double lowest =
        switch (type) {
          case INT8 -> Byte.MIN_VALUE;
          case INT16 -> Short.MIN_VALUE;
          case INT32 -> Integer.MIN_VALUE;
          case INT64 -> Long.MIN_VALUE;
          default -> 0;
        };
    double highest =
        switch (type) {
          case BOOL -> 1;
          case INT8 -> Byte.MAX_VALUE;
          case UINT8 -> 0xff;
          case INT16 -> Short.MAX_VALUE;
          case UINT16 -> 0xffff;
          case INT32 -> Integer.MAX_VALUE;
          case UINT32 -> 0xffff_ffffL;
          default -> Long.MAX_VALUE;
        };
    if (number != Math.rint(number) || number < lowest || number > highest) {
      throw new OptimizerException("%s: %s (expected: %s)".formatted(origin, number, type));
    }
    long whole = (long) number;
    switch (type.bytes()) {
      case 1 -> data.put((byte) whole);
      case 2 -> data.putShort((short) whole);
      case 4 -> data.putInt((int) whole);
      default -> data.putLong(whole);
    }
  }
}
