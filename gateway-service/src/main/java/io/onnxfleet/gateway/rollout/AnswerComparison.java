package io.onnxfleet.gateway.rollout;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compares the outputs of two answers of the Open Inference Protocol, in JSON or in binary: names,
 * datatypes and shapes must be the same, numbers may differ. Stateless.
 */
public final class AnswerComparison {

  private final JsonMapper json;
  private final double tolerance;

  public AnswerComparison(JsonMapper json, double tolerance) {
    this.json = json;
    this.tolerance = tolerance;
  }

  /** One output; its elements are numbers, texts, or bytes that are not looked into. */
  @SuppressWarnings("ArrayRecordComponent") // Compared element by element.
  private record Output(
      String name, String datatype, JsonNode shape, double @Nullable [] numbers, Object others) {}

  public ShadowResult compare(InferenceAnswer stable, InferenceAnswer candidate) {
    if (stable.encoding() != null || candidate.encoding() != null) {
      return new ShadowResult.Uncompared("compressed answers are not compared");
    }
    try {
      return compare(outputs(stable), outputs(candidate));
    } catch (JacksonException | IllegalArgumentException malformed) {
      return new ShadowResult.Uncompared("an answer cannot be read: " + malformed.getMessage());
    }
  }

  private ShadowResult compare(List<Output> stable, List<Output> candidate) {
    if (stable.size() != candidate.size()) {
      return new ShadowResult.Different(
          "%d outputs and %d".formatted(stable.size(), candidate.size()));
    }
    double largest = 0;
    for (int i = 0; i < stable.size(); i++) {
      Output one = stable.get(i);
      Output other = candidate.get(i);
      if (!one.name.equals(other.name)
          || !one.datatype.equals(other.datatype)
          || !one.shape.equals(other.shape)) {
        return new ShadowResult.Different(
            "output %s %s%s and %s %s%s"
                .formatted(
                    one.name, one.datatype, one.shape, other.name, other.datatype, other.shape));
      }
      if (one.numbers == null || other.numbers == null) {
        if (!one.others.equals(other.others)) {
          return new ShadowResult.Different("output " + one.name + ": other contents");
        }
      } else {
        largest = Math.max(largest, difference(one.numbers, other.numbers));
      }
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

  private List<Output> outputs(InferenceAnswer answer) {
    byte[] body = answer.body();
    int headerLength =
        answer.headerLength() == null ? body.length : Integer.parseInt(answer.headerLength());
    if (headerLength < 0 || headerLength > body.length) {
      throw new IllegalArgumentException(
          "header length: %d (expected: 0 to %d)".formatted(headerLength, body.length));
    }
    ByteBuffer tail =
        ByteBuffer.wrap(body, headerLength, body.length - headerLength)
            .order(ByteOrder.LITTLE_ENDIAN);
    List<Output> outputs = new ArrayList<>();
    for (JsonNode output : json.readTree(body, 0, headerLength).path("outputs")) {
      String name = output.path("name").asString("");
      String datatype = output.path("datatype").asString("");
      JsonNode size = output.path("parameters").path("binary_data_size");
      outputs.add(
          size.isNumber()
              ? binary(name, datatype, output.path("shape"), tail, size.asInt())
              : new Output(
                  name,
                  datatype,
                  output.path("shape"),
                  numbers(output.path("data")),
                  output.path("data")));
    }
    return outputs;
  }

  private static Output binary(
      String name, String datatype, JsonNode shape, ByteBuffer tail, int size) {
    if (size < 0 || size > tail.remaining()) {
      throw new IllegalArgumentException(
          "binary_data_size: %d (expected: 0 to %d)".formatted(size, tail.remaining()));
    }
    ByteBuffer bytes = tail.slice(tail.position(), size).order(ByteOrder.LITTLE_ENDIAN);
    tail.position(tail.position() + size);
    double @Nullable [] numbers =
        switch (datatype) {
          case "FP32" -> {
            double[] floats = new double[size / Float.BYTES];
            Arrays.setAll(floats, i -> bytes.getFloat(i * Float.BYTES));
            yield floats;
          }
          case "FP64" -> {
            double[] doubles = new double[size / Double.BYTES];
            Arrays.setAll(doubles, i -> bytes.getDouble(i * Double.BYTES));
            yield doubles;
          }
          default -> null;
        };
    return new Output(name, datatype, shape, numbers, bytes);
  }

  /** Null where an element is no number. */
  private static double @Nullable [] numbers(JsonNode data) {
    double[] numbers = new double[data.size()];
    for (int i = 0; i < numbers.length; i++) {
      JsonNode element = data.get(i);
      if (!element.isNumber()) {
        return null;
      }
      numbers[i] = element.doubleValue();
    }
    return numbers;
  }
}
