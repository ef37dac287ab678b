package io.onnxfleet.optimizer.precision;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** FP32 tensors in 16 bits, rounded to the nearest. */
final class HalfTensors {
  /** Larger numbers are infinite in FP16, after rounding. */
  static final float OVERFLOW = 65520;

  /**
   * What stands for constants that only mean "very large", as masks have: what is added to it does
   * not overflow either.
   */
  private static final float VERY_LARGE = 32752;

  private HalfTensors() {}

  static Tensor of(Tensor tensor, ElementType type) {
    FloatBuffer from = tensor.floatBuffer();
    ByteBuffer to = Tensor.allocate(2 * tensor.elements());
    while (from.hasRemaining()) {
      float number = from.get();
      to.putShort(type == ElementType.BFLOAT16 ? toBfloat16(number) : Float.floatToFloat16(number));
    }
    return Tensor.of(type, to.flip(), tensor.dimensions());
  }

  /** The FP32 numbers that FP16 leaves of those of a tensor. */
  static Tensor rounded(Tensor tensor) {
    float[] numbers = tensor.floats();
    for (int index = 0; index < numbers.length; index++) {
      numbers[index] = Float.float16ToFloat(Float.floatToFloat16(numbers[index]));
    }
    return Tensor.ofFloats(numbers, tensor.dimensions());
  }

  static short toBfloat16(float number) {
    int bits = Float.floatToRawIntBits(number);
    if (Float.isNaN(number)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  static boolean hasVeryLarge(Tensor tensor) {
    FloatBuffer numbers = tensor.floatBuffer();
    while (numbers.hasRemaining()) {
      if (Math.abs(numbers.get()) >= OVERFLOW) {
        return true;
      }
    }
    return false;
  }

  static Tensor withoutVeryLarge(Tensor tensor) {
    float[] numbers = tensor.floats();
    for (int index = 0; index < numbers.length; index++) {
      if (Math.abs(numbers[index]) >= OVERFLOW) {
        numbers[index] = Math.copySign(VERY_LARGE, numbers[index]);
      }
    }
    return Tensor.ofFloats(numbers, tensor.dimensions());
  }
}
