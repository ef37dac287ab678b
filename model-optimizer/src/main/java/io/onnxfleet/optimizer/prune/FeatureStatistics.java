package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ejml.data.DMatrixRMaj;

/**
 * The sums of products of every two input features of a layer over samples, with a feature that is
 * always 1 as the last. ONNX Runtime itself computes them: the nodes that do are added to a copy of
 * the model. A convolution's features are the places that its kernel sees; another convolution, one
 * output for each of them, lays them out.
 */
final class FeatureStatistics {
  private static final String PREFIX = "feature_statistics_";

  private FeatureStatistics() {}

  /**
   * Runs a copy of a model.
   *
   * @param model a file, at the place where its copy may be written beside it
   * @return a matrix for each place, in their order
   */
  static List<DMatrixRMaj> of(
      Path model, List<Removable> places, SampleSet samples, Comparison.Progress progress) {
    Path copy = model.resolveSibling("probe.onnx");
    OnnxModel probe = OnnxModel.read(model);
    Graph graph = probe.graph();
    List<ValueInfoProto> outputs = new ArrayList<>();
    for (int index = 0; index < places.size(); index++) {
      addNodes(probe, places.get(index), PREFIX + index);
      for (String name : List.of(PREFIX + index + "_products", PREFIX + index + "_sums")) {
        outputs.add(
            ValueInfoProto.newBuilder()
                .setName(name)
                .setType(
                    TypeProto.newBuilder()
                        .setTensorType(
                            TypeProto.Tensor.newBuilder().setElemType(ElementType.FLOAT.code())))
                .build());
      }
    }
    graph.redeclare(List.copyOf(graph.inputs()), outputs);
    graph.removeUnused();
    probe.write(copy);
    List<DMatrixRMaj> statistics = new ArrayList<>();
    places.forEach(
        place -> statistics.add(new DMatrixRMaj(place.features() + 1, place.features() + 1)));
    try (RunnableModel runnable = RunnableModel.open(copy, SessionSettings.DEFAULT)) {
      List<List<TensorValue>> batches = SampleBatches.of(runnable.inputs(), samples);
      for (int batch = 0; batch < batches.size(); batch++) {
        progress.at("calibration", batch, batches.size());
        Map<String, Tensor> answers = new HashMap<>();
        runnable
            .run(batches.get(batch))
            .forEach(value -> answers.put(value.name(), value.tensor()));
        for (int index = 0; index < places.size(); index++) {
          add(
              statistics.get(index),
              answer(answers, PREFIX + index + "_products"),
              answer(answers, PREFIX + index + "_sums"));
        }
      }
    }
    return statistics;
  }

  private static Tensor answer(Map<String, Tensor> answers, String name) {
    Tensor tensor = answers.get(name);
    if (tensor == null) {
      throw new OptimizerException("the model did not answer '" + name + "'");
    }
    return tensor;
  }

  private static void add(DMatrixRMaj statistics, Tensor products, Tensor sums) {
    int features = statistics.getNumRows() - 1;
    FloatBuffer values = products.floatBuffer();
    float[] row = new float[features];
    for (int one = 0; one < features; one++) {
      values.get(row);
      int from = one * (features + 1);
      for (int other = 0; other < features; other++) {
        statistics.data[from + other] += row[other];
      }
    }
    // The last of the sums is of ones: the number of rows.
    float[] last = sums.floats();
    for (int feature = 0; feature < features; feature++) {
      statistics.add(feature, features, last[feature]);
      statistics.add(features, feature, last[feature]);
    }
    statistics.add(features, features, last[features]);
  }

  private static void addNodes(OnnxModel model, Removable place, String name) {
    Graph graph = model.graph();
    int features = place.features();
    String value = place.value();
    if (place.structure() == Structure.CHANNELS) {
      String laidOut = name + "_laid_out";
      graph.add(kernelPlaces(graph, place, name, laidOut));
      String channelsLast = name + "_channels_last";
      graph.add(
          Node.of("Transpose", channelsLast)
              .inputs(laidOut)
              .outputs(channelsLast)
              .with("perm", List.of(0L, 2L, 3L, 1L))
              .build());
      value = channelsLast;
    }
    String shape = graph.addConstant(name + "_shape", Tensor.ofLongs(new long[] {-1, features}, 2));
    String rows = name + "_rows";
    String turned = name + "_turned";
    graph.add(Node.of("Reshape", rows).inputs(value, shape).outputs(rows).build());
    graph.add(
        Node.of("Transpose", turned)
            .inputs(rows)
            .outputs(turned)
            .with("perm", List.of(1L, 0L))
            .build());
    graph.add(
        Node.of("MatMul", name + "_products")
            .inputs(turned, rows)
            .outputs(name + "_products")
            .build());
    // A column of ones, made of the first feature so that it has as many rows.
    String first = graph.addConstant(name + "_first", Tensor.ofLongs(new long[] {0}, 1));
    String zero = graph.addConstant(name + "_zero", Tensor.ofFloats(new float[] {0}));
    String one = graph.addConstant(name + "_one", Tensor.ofFloats(new float[] {1}));
    String column = name + "_column";
    graph.add(
        Node.of("Gather", column).inputs(rows, first).outputs(column).with("axis", 1).build());
    graph.add(
        Node.of("Mul", name + "_zeros").inputs(column, zero).outputs(name + "_zeros").build());
    graph.add(
        Node.of("Add", name + "_ones")
            .inputs(name + "_zeros", one)
            .outputs(name + "_ones")
            .build());
    graph.add(
        Node.of("Concat", name + "_with_ones")
            .inputs(rows, name + "_ones")
            .outputs(name + "_with_ones")
            .with("axis", 1)
            .build());
    graph.add(
        Node.of("Transpose", name + "_ones_turned")
            .inputs(name + "_ones")
            .outputs(name + "_ones_turned")
            .with("perm", List.of(1L, 0L))
            .build());
    graph.add(
        Node.of("MatMul", name + "_sums")
            .inputs(name + "_ones_turned", name + "_with_ones")
            .outputs(name + "_sums")
            .build());
  }

  /** A convolution that copies what each place of the consumer's kernel sees. */
  private static Node kernelPlaces(Graph graph, Removable place, String name, String output) {
    Node consumer = place.consumer();
    long[] kernel = graph.constant(consumer.input(1)).orElseThrow().dimensions();
    int features = place.features();
    float[] copies = new float[features * features];
    for (int feature = 0; feature < features; feature++) {
      copies[feature * features + feature] = 1;
    }
    String weights =
        graph.addConstant(
            name + "_kernel", Tensor.ofFloats(copies, features, kernel[1], kernel[2], kernel[3]));
    return Node.of("Conv", output)
        .inputs(place.value(), weights)
        .outputs(output)
        .withSame(consumer, "auto_pad")
        .withSame(consumer, "dilations")
        .withSame(consumer, "kernel_shape")
        .withSame(consumer, "pads")
        .withSame(consumer, "strides")
        .build();
  }
}
