package io.onnxfleet.gateway.rollout;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.contract.inference.InferResponse;
import io.onnxfleet.contract.inference.WireMessage;
import io.onnxfleet.contract.inference.WireTensor;
import io.onnxfleet.contract.json.MalformedJsonException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Compares the outputs of two answers of the Open Inference Protocol, in JSON or in binary: names,
 * datatypes and shapes must be the same, numbers may differ. Stateless.
 */
public final class AnswerComparison {

  private final double tolerance;

  public AnswerComparison(double tolerance) {
    this.tolerance = tolerance;
  }

  public ShadowResult compare(InferenceAnswer stable, InferenceAnswer candidate) {
    if (stable.encoding() != null || candidate.encoding() != null) {
      return new ShadowResult.Uncompared("compressed answers are not compared");
    }
    try {
      return compare(outputs(stable), outputs(candidate));
    } catch (MalformedJsonException | IllegalArgumentException malformed) {
      return new ShadowResult.Uncompared("an answer cannot be read: " + malformed.getMessage());
    }
  }

  private ShadowResult compare(List<WireTensor> stable, List<WireTensor> candidate) {
    if (stable.size() != candidate.size()) {
      return new ShadowResult.Different(
          "%d outputs and %d".formatted(stable.size(), candidate.size()));
    }
    double largest = 0;
    for (int i = 0; i < stable.size(); i++) {
      WireTensor one = stable.get(i);
      WireTensor other = candidate.get(i);
      if (!one.name().equals(other.name())
          || one.datatype() != other.datatype()
          || !one.shape().equals(other.shape())) {
        return new ShadowResult.Different(
            "output %s %s%s and %s %s%s"
                .formatted(
                    one.name(),
                    one.datatype(),
                    one.shape(),
                    other.name(),
                    other.datatype(),
                    other.shape()));
      }
      if (one.data().equals(other.data())) {
        continue;
      }
      double[] numbers = numbers(one);
      double[] others = numbers(other);
      if (numbers == null || others == null) {
        return new ShadowResult.Different("output " + one.name() + ": other contents");
      }
      largest = Math.max(largest, difference(numbers, others));
    }
    return new ShadowResult.Compared(largest, largest <= tolerance);
  }

  /** The largest difference of two numbers at the same place, of the largest number. */
  private static double difference(double[] stable, double[] candidate) {
    if (stable.length != candidate.length) {
      return Double.POSITIVE_INFINITY;
    }
    double largest = 0;
    double scale = 0;
    for (int i = 0; i < stable.length; i++) {
      if (Double.compare(stable[i], candidate[i]) != 0) {
        double apart = Math.abs(stable[i] - candidate[i]);
        largest = Math.max(largest, Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
      }
      scale = Math.max(scale, Math.abs(stable[i]));
    }
    return largest == 0 ? 0 : scale == 0 ? Double.POSITIVE_INFINITY : largest / scale;
  }

  private static List<WireTensor> outputs(InferenceAnswer answer) {
    return InferResponse.read(WireMessage.of(answer.body(), answer.headerLength())).outputs();
  }

  /** Null where elements are no numbers, or of half precision. */
  private static double @Nullable [] numbers(WireTensor output) {
    ByteBuffer data = output.data();
    Datatype datatype = output.datatype();
    ToDoubleFunction<ByteBuffer> next =
        switch (datatype) {
          case FP32 -> ByteBuffer::getFloat;
          case FP64 -> ByteBuffer::getDouble;
          case INT8 -> ByteBuffer::get;
          case INT16 -> ByteBuffer::getShort;
          case INT32 -> ByteBuffer::getInt;
          case INT64 -> ByteBuffer::getLong;
          case BOOL, UINT8, UINT16, UINT32, UINT64, FP16, BF16, BYTES -> null;
        };
    if (next == null) {
      return null;
    }
    double[] numbers = new double[data.remaining() / datatype.byteSize()];
    Arrays.setAll(numbers, index -> next.applyAsDouble(data));
    return numbers;
  }
}
