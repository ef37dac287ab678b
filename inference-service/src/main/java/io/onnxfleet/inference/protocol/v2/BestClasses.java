package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import io.onnxfleet.inference.protocol.v2.codec.OutputForms;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Triton's classification extension: in place of an output its best classes, as texts {@code
 * value:index} or {@code value:index:label}, the best first and of equal values the lower index. Of
 * shape {@code [batch,k]}, or {@code [k]} of a model without a batch dimension.
 *
 * <p>Stateless. At most {@value #MOST} classes in one output.
 */
final class BestClasses {
  static final int MOST = 1 << 18;

  /** Digits behind the point, as C++ writes a number. */
  private static final int DIGITS = 6;

  private BestClasses() {}

  /**
   * The answer with its classes. The answer that came is the caller's no longer, whatever happens.
   *
   * @param model what answered
   * @throws InferenceException if there are fewer classes than are asked for, or an output has none
   */
  static InferenceResponse of(
      InferenceResponse response, OutputForms forms, ModelMetadata model, BufferPool pool) {
    List<NamedTensor> outputs = new ArrayList<>(response.outputs());
    try {
      for (int index = 0; index < outputs.size(); index++) {
        NamedTensor output = outputs.get(index);
        Integer count = forms.classesByName().get(output.name());
        if (count != null) {
          List<String> labels = model.labels().getOrDefault(output.name(), List.of());
          Tensor best = best(output, count, model.maxBatchSize() > 0, labels, pool);
          outputs.set(index, new NamedTensor(output.name(), best));
          output.tensor().close();
        }
      }
      return new InferenceResponse(
          response.id(), response.modelName(), response.modelVersion(), outputs);
    } catch (Throwable failure) {
      outputs.forEach(output -> output.tensor().close());
      throw failure;
    }
  }

  private static Tensor best(
      NamedTensor output, int count, boolean batched, List<String> labels, BufferPool pool) {
    Tensor tensor = output.tensor();
    long[] dims = tensor.shape().dims();
    boolean hasRows = batched && dims.length > 0;
    long rows = hasRows ? dims[0] : 1;
    long classes = Arrays.stream(dims).skip(hasRows ? 1 : 0).reduce(1, Math::multiplyExact);
    if (count > classes) {
      throw InferenceException.invalidInput(
          "output '%s': classification: %d (expected: <= %d, the classes that it has)",
          Json.shortened(output.name()), count, classes);
    }
    if (rows * count > MOST) {
      throw InferenceException.invalidInput(
          "output '%s': classification: %d of each of %d rows (expected: <= %d in all)",
          Json.shortened(output.name()), count, rows, MOST);
    }
    Scores scores = scores(output);
    ByteSink texts = new ByteSink();
    for (long row = 0; row < rows; row++) {
      int first = Math.toIntExact(row * classes);
      for (int at : best(scores, first, Math.toIntExact(first + classes), count)) {
        put(texts, scores.text(at), at - first, labels);
      }
    }
    Shape shape = hasRows ? Shape.of(rows, count) : Shape.of(count);
    Tensor best = Tensor.ofByteSize(pool, DataType.BYTES, shape, texts.size());
    best.data().put(texts.array(), 0, texts.size());
    return best;
  }

  /** The places of the best, in order. */
  private static List<Integer> best(Scores scores, int from, int to, int count) {
    Comparator<Integer> order =
        ((Comparator<Integer>) scores::compare).thenComparing(Comparator.naturalOrder());
    PriorityQueue<Integer> worstFirst = new PriorityQueue<>(count, order.reversed());
    for (int at = from; at < to; at++) {
      if (worstFirst.size() < count) {
        worstFirst.add(at);
      } else if (order.compare(at, worstFirst.peek()) < 0) {
        worstFirst.poll();
        worstFirst.add(at);
      }
    }
    return worstFirst.stream().sorted(order).toList();
  }

  private static void put(ByteSink texts, String value, int index, List<String> labels) {
    String label = index < labels.size() ? labels.get(index) : "";
    String text = value + ":" + index + (label.isEmpty() ? "" : ":" + label);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer room = texts.room(Integer.BYTES + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    room.putInt(bytes.length).put(bytes);
    texts.claim(Integer.BYTES + bytes.length);
  }

  /** Numbers by their place. */
  private interface Scores {
    /** Less than 0 if the first is the better one. */
    int compare(int one, int other);

    String text(int at);
  }

  private static Scores scores(NamedTensor output) {
    ByteBuffer data = output.tensor().data();
    return switch (output.tensor().dataType()) {
      case FP32 -> new Fractions(at -> data.getFloat(at * Float.BYTES));
      case FP64 -> new Fractions(at -> data.getDouble(at * Double.BYTES));
      case INT8 -> new Integers(data::get, false);
      case INT16 -> new Integers(at -> data.getShort(at * Short.BYTES), false);
      case INT32 -> new Integers(at -> data.getInt(at * Integer.BYTES), false);
      case INT64 -> new Integers(at -> data.getLong(at * Long.BYTES), false);
      case UINT8 -> new Integers(at -> Byte.toUnsignedLong(data.get(at)), true);
      case UINT16 ->
          new Integers(at -> Short.toUnsignedLong(data.getShort(at * Short.BYTES)), true);
      case UINT32 ->
          new Integers(at -> Integer.toUnsignedLong(data.getInt(at * Integer.BYTES)), true);
      case UINT64 -> new Integers(at -> data.getLong(at * Long.BYTES), true);
      case BOOL, FP16, BF16, BYTES ->
          throw InferenceException.invalidInput(
              "output '%s': classification of %s (expected an output of numbers that JSON carries)",
              Json.shortened(output.name()), output.tensor().dataType());
    };
  }

  private interface Fraction {
    double at(int place);
  }

  private interface Whole {
    long at(int place);
  }

  /** What is no number is the worst. */
  private record Fractions(Fraction values) implements Scores {
    @Override
    public int compare(int one, int other) {
      double first = values.at(one);
      double second = values.at(other);
      if (Double.isNaN(first) || Double.isNaN(second)) {
        return Boolean.compare(Double.isNaN(first), Double.isNaN(second));
      }
      return first == second ? 0 : first > second ? -1 : 1;
    }

    @Override
    public String text(int at) {
      double value = values.at(at);
      if (!Double.isFinite(value)) {
        return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
      }
      String text = new BigDecimal(value).setScale(DIGITS, RoundingMode.HALF_EVEN).toPlainString();
      boolean lostSign = !text.startsWith("-") && Double.compare(value, 0) < 0;
      return lostSign ? "-" + text : text;
    }
  }

  private record Integers(Whole values, boolean unsigned) implements Scores {
    @Override
    public int compare(int one, int other) {
      return unsigned
          ? Long.compareUnsigned(values.at(other), values.at(one))
          : Long.compare(values.at(other), values.at(one));
    }

    @Override
    public String text(int at) {
      long value = values.at(at);
      return unsigned ? Long.toUnsignedString(value) : Long.toString(value);
    }
  }
}
