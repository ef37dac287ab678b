package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;

/** The constants of linear layers, in the one form that all of them share. */
final class Weights {
  private Weights() {}

  /** Whether a node multiplies what it is given with a constant FP32 matrix. */
  static boolean isProduct(Graph graph, Node node) {
    boolean known =
        node.is("MatMul")
            || (node.is("Gemm")
                && node.integer("transA", 0) == 0
                && node.number("alpha", 1) == 1
                && node.number("beta", 1) == 1);
    return known && graph.constant(node.input(0)).isEmpty() && isFloat(graph, node.input(1), 2);
  }

  /** Whether a node is a two-dimensional convolution of all channels with constant weights. */
  static boolean isConvolution(Graph graph, Node node) {
    return node.is("Conv")
        && node.integer("group", 1) == 1
        && isFloat(graph, node.input(1), 4)
        && (node.input(2).isEmpty() || isFloat(graph, node.input(2), 1));
  }

  /** Whether a node is a convolution of each of so many channels by itself. */
  static boolean isDepthwise(Graph graph, Node node, int channels) {
    return node.is("Conv")
        && node.integer("group", 1) == channels
        && isFloat(graph, node.input(1), 4)
        && graph.constant(node.input(1)).orElseThrow().dimension(0) == channels
        && (node.input(2).isEmpty() || isFloat(graph, node.input(2), 1));
  }

  private static boolean isFloat(Graph graph, String name, int rank) {
    return graph
        .constant(name)
        .filter(tensor -> tensor.rank() == rank && tensor.type() == ElementType.FLOAT)
        .isPresent();
  }

  /** The axis of the weights that stands for the layer's outputs. */
  static int outputAxis(Node layer) {
    return layer.is("Conv") || layer.integer("transB", 0) == 1 ? 0 : 1;
  }

  static int outputs(Graph graph, Node layer) {
    Tensor weights = graph.constant(layer.input(1)).orElseThrow();
    return Math.toIntExact(weights.dimension(outputAxis(layer)));
  }

  static int inputs(Graph graph, Node layer) {
    Tensor weights = graph.constant(layer.input(1)).orElseThrow();
    return Math.toIntExact(weights.dimension(1 - outputAxis(layer)));
  }

  /** The weights with a row a feature and a column an output. */
  static DMatrixRMaj byFeature(Graph graph, Node layer) {
    Tensor weights = graph.constant(layer.input(1)).orElseThrow();
    float[] values = weights.floats();
    int outputs = outputs(graph, layer);
    int features = values.length / outputs;
    DMatrixRMaj matrix = new DMatrixRMaj(features, outputs);
    boolean outputsFirst = outputAxis(layer) == 0;
    for (int feature = 0; feature < features; feature++) {
      for (int output = 0; output < outputs; output++) {
        int place = outputsFirst ? output * features + feature : feature * outputs + output;
        matrix.set(feature, output, values[place]);
      }
    }
    return matrix;
  }

  /**
   * The weights of a layer for some of its features, in the layer's own order of axes.
   *
   * @param byFeature rows of all features
   * @param kept which of them
   * @param inputs the layer's neurons or channels that they belong to
   */
  static Tensor ofLayer(Graph graph, Node layer, DMatrixRMaj byFeature, int[] kept, int inputs) {
    Tensor old = graph.constant(layer.input(1)).orElseThrow();
    int outputs = byFeature.getNumCols();
    float[] values = new float[kept.length * outputs];
    boolean outputsFirst = outputAxis(layer) == 0;
    for (int index = 0; index < kept.length; index++) {
      for (int output = 0; output < outputs; output++) {
        int place = outputsFirst ? output * kept.length + index : index * outputs + output;
        values[place] = (float) byFeature.get(kept[index], output);
      }
    }
    long[] shape = old.dimensions();
    shape[1 - outputAxis(layer)] = inputs;
    return Tensor.ofFloats(values, shape);
  }

  /** The axis with a number a place, all others being 1; below 0 if there is none. */
  static int axisOf(Tensor constant, int width, int trailing) {
    int axis = constant.rank() - trailing;
    return constant.elements() == width && axis >= 0 && constant.dimension(axis) == width
        ? axis
        : -1;
  }

  /** Some places of one axis. */
  static Tensor slice(Tensor tensor, int axis, int[] kept) {
    long inner = tensor.type().bytes();
    long outer = 1;
    for (int index = 0; index < tensor.rank(); index++) {
      if (index < axis) {
        outer *= tensor.dimension(index);
      } else if (index > axis) {
        inner *= tensor.dimension(index);
      }
    }
    int run = Math.toIntExact(inner);
    ByteBuffer source = tensor.data();
    ByteBuffer target = Tensor.allocate(outer * kept.length * inner);
    for (int block = 0; block < outer; block++) {
      for (int place : kept) {
        int from = Math.toIntExact((block * tensor.dimension(axis) + place) * inner);
        target.put(source.slice(from, run));
      }
    }
    long[] shape = tensor.dimensions();
    shape[axis] = kept.length;
    return Tensor.of(tensor.type(), target.flip(), shape);
  }

  /** Where a layer's addend lies. */
  record Bias(Node node, int input, Tensor values) {}

  /**
   * The addend of a layer: its own, or that of an Add behind it. Empty if it has none; a
   * convolution without one counts as having zeros.
   */
  static Optional<Bias> bias(Graph graph, Node layer) {
    int outputs = outputs(graph, layer);
    if (layer.is("Conv") || layer.is("Gemm")) {
      if (layer.input(2).isEmpty()) {
        return Optional.of(new Bias(layer, 2, Tensor.ofFloats(new float[outputs], outputs)));
      }
      return graph
          .constant(layer.input(2))
          .filter(tensor -> tensor.elements() == outputs && tensor.type() == ElementType.FLOAT)
          .map(tensor -> new Bias(layer, 2, tensor));
    }
    Optional<Node> user = graph.onlyConsumer(layer.output());
    if (user.isEmpty()) {
      return Optional.empty();
    }
    Node add = user.get();
    // Of ONNX Runtime's fused sum and normalization, the fifth input is such an addend.
    int input =
        add.is("Add")
            ? 1 - add.inputIndex(layer.output()).orElseThrow()
            : add.operator().equals("SkipLayerNormalization")
                    && add.domain().equals(Node.MICROSOFT_DOMAIN)
                ? 4
                : -1;
    if (input < 0) {
      return Optional.empty();
    }
    return graph
        .constant(add.input(input))
        .filter(tensor -> tensor.rank() == 1 && tensor.elements() == outputs)
        .filter(tensor -> tensor.type() == ElementType.FLOAT)
        .map(tensor -> new Bias(add, input, tensor));
  }
}
