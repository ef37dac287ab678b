package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.calibrate.Calibration;
import io.onnxfleet.optimizer.calibrate.OpenedModel;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Moves the large columns of activations into the weights that they are multiplied with. The
 * outputs stay what they were but for rounding.
 */
public final class Smoothing implements Pass {
  /*
   * G. Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large
   * Language Models", 2023. A few columns of a transformer's activations are far larger than all others, and
   * one scale for all of them leaves the others few steps. Y = (X / s) (s W) is the same product; with
   *
   *   s[j] = max|X[j]|^a / max|W[j]|^(1 - a)
   *
   * the columns of X and the rows of W share the burden.
   */

  private static final float LEAST = 1e-5f;

  private final float strength;
  private final Of of;

  /** Which activations. */
  public enum Of {
    /** All that are multiplied with weights. */
    ALL,
    /**
     * What normalizations give: a few of their columns are large for every token. Where each token
     * has a scale of its own, others gain less than their smoothing costs.
     */
    NORMALIZED
  }

  /**
   * @param strength 0 leaves the burden with the activations, 1 gives it to the weights
   */
  public Smoothing(float strength, Of of) {
    this.strength = strength;
    this.of = of;
  }

  /**
   * What was done.
   *
   * @param values how many were smoothed
   */
  public record Outcome(int values) implements PassReport {
    @Override
    public List<String> lines() {
      return List.of("smoothed: " + values);
    }

    @Override
    public boolean changed() {
      return values > 0;
    }
  }

  @Override
  public String name() {
    return "smooth";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("strength", strength, "of", of);
  }

  @Override
  public Outcome apply(Draft draft, PassContext context) {
    Path file = draft.file();
    Set<String> values = values(OnnxModel.read(file));
    Map<String, float[]> columns;
    try (OpenedModel opened =
        OpenedModel.of(file, values, context.folder().resolve("columns.onnx"))) {
      SampleSet samples = context.samples();
      columns =
          new Calibration(
                  opened, samples, done -> context.progress().at("columns", done, samples.size()))
              .columns(values);
    }
    return new Outcome(smooth(draft.model().graph(), columns));
  }

  /** The values whose columns {@link #smooth} wants to know. */
  Set<String> values(OnnxModel model) {
    return Set.copyOf(products(model.graph()).keySet());
  }

  /**
   * Changes a graph.
   *
   * @param columns the largest magnitude in each column of its {@link #values}
   * @return how many values were smoothed
   */
  int smooth(Graph graph, Map<String, float[]> columns) {
    int smoothed = 0;
    for (Map.Entry<String, List<Node>> entry : products(graph).entrySet()) {
      String value = entry.getKey();
      float[] largest = columns.get(value);
      if (largest == null
          || entry.getValue().stream()
              .anyMatch(node -> matrix(graph, node).orElseThrow().dimension(0) != largest.length)) {
        continue;
      }
      smooth(graph, value, entry.getValue(), factors(graph, largest, entry.getValue()));
      smoothed++;
    }
    graph.removeUnused();
    return smoothed;
  }

  /** By value: the products of it with constant matrices whose rows are its columns. */
  private Map<String, List<Node>> products(Graph graph) {
    Map<String, List<Node>> products = new LinkedHashMap<>();
    for (Node node : graph.sort()) {
      if (matrix(graph, node).isPresent()
          && graph.constant(node.input(0)).isEmpty()
          && isSmoothed(graph, node.input(0))) {
        products.computeIfAbsent(node.input(0), _ -> new ArrayList<>()).add(node);
      }
    }
    return products;
  }

  private boolean isSmoothed(Graph graph, String value) {
    return of == Of.ALL
        || graph
            .producer(value)
            .filter(node -> node.operator().endsWith("LayerNormalization"))
            .isPresent();
  }

  private static Optional<Tensor> matrix(Graph graph, Node node) {
    boolean product =
        node.is("MatMul")
            || (node.is("Gemm") && node.integer("transA", 0) == 0 && node.integer("transB", 0) == 0)
            || (node.operator().equals("Attention") && node.domain().equals(Node.MICROSOFT_DOMAIN));
    return product
        ? graph
            .constant(node.input(1))
            .filter(tensor -> tensor.type() == ElementType.FLOAT && tensor.rank() == 2)
        : Optional.empty();
  }

  private float[] factors(Graph graph, float[] largest, List<Node> nodes) {
    float[] weights = new float[largest.length];
    for (Node node : nodes) {
      Tensor matrix = matrix(graph, node).orElseThrow();
      FloatBuffer source = matrix.floatBuffer();
      int width = Math.toIntExact(matrix.dimension(1));
      for (int row = 0; row < weights.length; row++) {
        for (int column = 0; column < width; column++) {
          weights[row] = Math.max(weights[row], Math.abs(source.get()));
        }
      }
    }
    float[] factors = new float[largest.length];
    for (int column = 0; column < factors.length; column++) {
      double activation = Math.max(largest[column], LEAST);
      double weight = Math.max(weights[column], LEAST);
      factors[column] =
          (float) Math.max(LEAST, Math.pow(activation, strength) / Math.pow(weight, 1 - strength));
    }
    return factors;
  }

  private static void smooth(Graph graph, String value, List<Node> nodes, float[] factors) {
    float[] inverse = new float[factors.length];
    for (int column = 0; column < factors.length; column++) {
      inverse[column] = 1 / factors[column];
    }
    String smooth = graph.freshName(value + "_smooth");
    for (Node node : nodes) {
      Tensor matrix = matrix(graph, node).orElseThrow();
      float[] weights = matrix.floats();
      int width = Math.toIntExact(matrix.dimension(1));
      for (int index = 0; index < weights.length; index++) {
        weights[index] *= factors[index / width];
      }
      String scaled =
          graph.addConstant(
              graph.freshName(node.input(1) + "_smooth"),
              Tensor.ofFloats(weights, matrix.dimensions()));
      List<String> inputs = new ArrayList<>(node.inputs());
      inputs.set(0, smooth);
      inputs.set(1, scaled);
      graph.replace(List.of(node), List.of(node.withInputs(inputs)));
    }
    String name =
        graph.addConstant(
            graph.freshName(value + "_smoothing"), Tensor.ofFloats(inverse, inverse.length));
    graph.add(Node.of("Mul", smooth).inputs(value, name).outputs(smooth).build());
  }
}
