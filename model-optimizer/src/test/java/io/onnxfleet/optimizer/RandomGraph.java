package io.onnxfleet.optimizer;

import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import io.onnxfleet.optimizer.proto.OperatorSetIdProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * A graph that a test puts together around an operator, with random weights and sizes, and samples
 * that fit it. All of it follows from the seed.
 */
public final class RandomGraph {
  private static final int SAMPLES = 12;

  private final Random random;
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("random");
  private final List<Supplier<TensorValue>> inputs = new ArrayList<>();
  private boolean microsoft;
  private int last;

  /** Rows and tokens of the sample that is being made: the same for all of its inputs. */
  private int rows;

  private int tokens;

  public RandomGraph(long seed) {
    random = new Random(seed);
  }

  public Random random() {
    return random;
  }

  /** A number from one on. */
  public int size(int most) {
    return 1 + random.nextInt(most);
  }

  private void add(String name, int type, List<Integer> shape, Supplier<Tensor> values) {
    long[] declared = shape.stream().mapToLong(Integer::longValue).toArray();
    graph.addInput(TestModels.value(name, type, declared));
    inputs.add(() -> new TensorValue(name, values.get()));
  }

  /** Rows of FP32 numbers, as many in each sample as it likes; the shape is that of a row. */
  public String rows(int... shape) {
    String name = fresh("x");
    List<Integer> all = new ArrayList<>(List.of(-1));
    long elements = 1;
    for (int dimension : shape) {
      all.add(dimension);
      elements *= dimension;
    }
    long width = elements;
    add(
        name,
        TestModels.FLOAT,
        all,
        () -> {
          float[] values = new float[Math.toIntExact(rows * width)];
          for (int index = 0; index < values.length; index++) {
            values[index] = (float) random.nextGaussian();
          }
          long[] dimensions = all.stream().mapToLong(Integer::longValue).toArray();
          dimensions[0] = rows;
          return Tensor.ofFloats(values, dimensions);
        });
    return name;
  }

  /** Rows of tokens, each a number below a bound. */
  public String tokens(int bound) {
    String name = fresh("ids");
    graph.addInput(
        ValueInfoProto.newBuilder()
            .setName(name)
            .setType(TestModels.value(name, TestModels.INT64, -1, 1).getType().toBuilder()));
    graph
        .getInputBuilder(graph.getInputCount() - 1)
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .getShapeBuilder()
        .getDimBuilder(1)
        .setDimParam("tokens");
    inputs.add(
        () ->
            new TensorValue(
                name,
                Tensor.ofLongs(
                    random.longs((long) rows * tokens, 0, bound).toArray(), rows, tokens)));
    return name;
  }

  /** A mask of ones, then zeros, for rows of tokens. */
  public String mask() {
    String name = tokens(2);
    inputs.set(
        inputs.size() - 1,
        () -> {
          long[] mask = new long[rows * tokens];
          for (int row = 0; row < rows; row++) {
            Arrays.fill(mask, row * tokens, row * tokens + size(tokens), 1);
          }
          return new TensorValue(name, Tensor.ofLongs(mask, rows, tokens));
        });
    return name;
  }

  /** Random weights, small enough that sums of products stay near one. */
  public String weights(long... shape) {
    return weights(0.5f, shape);
  }

  public String weights(float size, long... shape) {
    TensorProto.Builder tensor = tensor(TestModels.FLOAT, shape);
    for (long left = elements(shape); left > 0; left--) {
      tensor.addFloatData((float) random.nextGaussian() * size);
    }
    return constant(tensor);
  }

  /** FP32 numbers as they are told. */
  public String floats(List<Long> shape, float... values) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(TestModels.FLOAT);
    tensor.addAllDims(shape);
    for (float value : values) {
      tensor.addFloatData(value);
    }
    return constant(tensor);
  }

  /** A matrix of which the second half of the columns says what the first does. */
  public String doubled(int rows, int half) {
    float[] values = new float[rows * 2 * half];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < half; column++) {
        values[row * 2 * half + column] = (float) random.nextGaussian() * 0.4f;
        values[row * 2 * half + half + column] = values[row * 2 * half + column];
      }
    }
    return floats(List.of((long) rows, 2L * half), values);
  }

  /** A kernel of 3 x 3 of which the second half of the outputs is the first. */
  public String doubledKernel(int inputs, int half) {
    int size = inputs * 9;
    float[] values = new float[2 * half * size];
    for (int index = 0; index < half * size; index++) {
      values[index] = (float) random.nextGaussian() * 0.3f;
      values[half * size + index] = values[index];
    }
    return floats(List.of(2L * half, (long) inputs, 3L, 3L), values);
  }

  public String scalar(double value) {
    return floats(List.of(), (float) value);
  }

  public String longs(long... values) {
    TensorProto.Builder tensor = tensor(TestModels.INT64, values.length);
    for (long value : values) {
      tensor.addInt64Data(value);
    }
    return constant(tensor);
  }

  /** An INT64 number without dimensions. */
  public String index(long value) {
    return constant(TensorProto.newBuilder().setDataType(TestModels.INT64).addInt64Data(value));
  }

  /** A row of 0, 1, 2 and so on. */
  public String positions(int count) {
    TensorProto.Builder tensor = tensor(TestModels.INT64, 1, count);
    for (int place = 0; place < count; place++) {
      tensor.addInt64Data(place);
    }
    return constant(tensor);
  }

  private static TensorProto.Builder tensor(int type, long... shape) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(type);
    for (long dimension : shape) {
      tensor.addDims(dimension);
    }
    return tensor;
  }

  private static long elements(long... shape) {
    long elements = 1;
    for (long dimension : shape) {
      elements *= dimension;
    }
    return elements;
  }

  private String constant(TensorProto.Builder tensor) {
    String name = fresh("c");
    graph.addInitializer(tensor.setName(name));
    return name;
  }

  /** A node of ONNX's own, and the value that it writes. */
  public String node(String operator, List<String> of, Object... attributes) {
    return add("", operator, of, attributes);
  }

  /** A node of ONNX Runtime's. */
  public String microsoft(String operator, List<String> of, Object... attributes) {
    microsoft = true;
    return add("com.microsoft", operator, of, attributes);
  }

  private String add(String domain, String operator, List<String> of, Object... attributes) {
    String output = fresh("v");
    NodeProto.Builder node =
        TestModels.node(operator, operator + "_" + output, of, output).setDomain(domain);
    for (int index = 0; index < attributes.length; index += 2) {
      AttributeProto.Builder attribute =
          AttributeProto.newBuilder().setName((String) attributes[index]);
      switch (attributes[index + 1]) {
        case Integer number -> attribute.setType(AttributeType.INT).setI(number);
        case Float number -> attribute.setType(AttributeType.FLOAT).setF(number);
        case List<?> numbers -> {
          attribute.setType(AttributeType.INTS);
          numbers.forEach(number -> attribute.addInts((Integer) number));
        }
        default -> throw new IllegalArgumentException(attributes[index + 1] + " as an attribute");
      }
      node.addAttribute(attribute);
    }
    graph.addNode(node);
    return output;
  }

  /** Lets the world see a value. */
  public void output(String value) {
    graph.addOutput(
        ValueInfoProto.newBuilder()
            .setName(value)
            .setType(
                TypeProto.newBuilder()
                    .setTensorType(TypeProto.Tensor.newBuilder().setElemType(TestModels.FLOAT))));
  }

  private String fresh(String kind) {
    return kind + ++last;
  }

  public Path write(Path file, long operatorSet) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(operatorSet))
            .setGraph(graph);
    if (microsoft) {
      model.addOpsetImport(
          OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1));
    }
    try {
      return Files.write(file, model.build().toByteArray());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Samples for the inputs that there are, of one to three rows. */
  public SampleSet samples() {
    return samples(SAMPLES, 3);
  }

  public SampleSet samples(int count, int mostRows) {
    List<List<TensorValue>> samples = new ArrayList<>();
    for (int sample = 0; sample < count; sample++) {
      rows = size(mostRows);
      tokens = 2 + random.nextInt(5);
      samples.add(inputs.stream().map(Supplier::get).toList());
    }
    return new SampleSet("random", samples);
  }
}
