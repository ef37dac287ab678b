package io.onnxfleet.optimizer;

import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import io.onnxfleet.optimizer.proto.OperatorSetIdProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Small models, and where the large ones lie. */
public final class TestModels {
  public static final int FLOAT = 1;
  public static final int INT64 = 7;

  private TestModels() {}

  /** The default model, which the build unpacks. */
  public static Path miniLm() {
    return Path.of(
        System.getProperty("fleet.root"), "models", "all-minilm-l6-v2", "1", "model.onnx");
  }

  /** Samples of random numbers for a model; the same ones always. */
  public static SampleSet samples(Path file) {
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      return new SampleSource(new Random(3), 20).samplesFor(model, null);
    }
  }

  /** How far a model is from another over {@link #samples}. */
  public static OutputError error(Path original, Path result) {
    SampleSet samples = samples(original);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      return OutputError.between(
          samples,
          OutputError.answers(before, samples, _ -> {}),
          OutputError.answers(after, samples, _ -> {}));
    }
  }

  public static Path write(Path file, GraphProto.Builder graph) {
    return write(file, graph, 13);
  }

  public static Path write(Path file, GraphProto.Builder graph, long operatorSet) {
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(7)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(operatorSet))
            .setGraph(graph.setName("test"))
            .build();
    try {
      return Files.write(file, model.toByteArray());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** y = (x W1 + b1) W2', W2 being used transposed: a MatMul, an Add and a Gemm. */
  public static GraphProto.Builder perceptron(Random random) {
    return GraphProto.newBuilder()
        .addInput(value("x", FLOAT, -1, 16))
        .addOutput(value("y", FLOAT, -1, 8))
        .addInitializer(weights("w1", random, 16, 32))
        .addInitializer(weights("b1", random, 32))
        .addInitializer(weights("w2", random, 8, 32))
        .addNode(node("MatMul", "first", List.of("x", "w1"), "h"))
        .addNode(node("Add", "bias", List.of("h", "b1"), "a"))
        .addNode(
            node("Gemm", "second", List.of("a", "w2"), "y")
                .addAttribute(
                    AttributeProto.newBuilder()
                        .setName("transB")
                        .setType(AttributeType.INT)
                        .setI(1)));
  }

  public static NodeProto.Builder node(
      String operator, String name, List<String> inputs, String... outputs) {
    return NodeProto.newBuilder()
        .setOpType(operator)
        .setName(name)
        .addAllInput(inputs)
        .addAllOutput(List.of(outputs));
  }

  public static ValueInfoProto.Builder value(String name, int type, long... shape) {
    TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
    for (long dimension : shape) {
      if (dimension < 0) {
        dimensions.addDimBuilder().setDimParam("n");
      } else {
        dimensions.addDimBuilder().setDimValue(dimension);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(type).setShape(dimensions)));
  }

  public static TensorProto.Builder weights(String name, Random random, long... shape) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
    long elements = 1;
    for (long dimension : shape) {
      tensor.addDims(dimension);
      elements *= dimension;
    }
    for (long index = 0; index < elements; index++) {
      tensor.addFloatData((float) random.nextGaussian());
    }
    return tensor;
  }
}
