package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.algebra.LeastSquares;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
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
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/** One teacher of which {@link LayerDistillation} makes a student. Not thread-safe. */
final class LayerFitting {
  private static final double RIDGE = 1e-4;

  /** A map has a few hundred rows: more tokens than this teach it nothing. */
  private static final int MAX_TOKENS = 6000;

  /** Enough to tell which layer matters less. */
  private static final int JUDGING_SAMPLES = 48;

  private final SampleSet samples;
  private final Path workspace;
  private final Comparison.Progress progress;

  /**
   * A distillation.
   *
   * @param samples unlabeled
   * @param workspace a folder where files may be made that nobody needs afterwards
   */
  LayerFitting(SampleSet samples, Path workspace, Comparison.Progress progress) {
    this.samples = samples;
    this.workspace = workspace;
    this.progress = progress;
  }

  /** A linear map from one layer's input to another's. */
  private record Bridge(int from, int to, DMatrixRMaj map) {}

  private static int requireLayers(List<String> states) {
    if (states.size() < 3) {
      throw new OptimizerException(
          "%d layers found that end with a normalization (expected: at least 2)"
              .formatted(Math.max(0, states.size() - 1)));
    }
    return states.size() - 1;
  }

  /** A student and which layers it lacks. */
  record Made(OnnxModel model, LayerDistillation.Outcome outcome) {}

  /**
   * Makes the student.
   *
   * @param keeping from the number of layers that there are to the number that stay
   */
  Made student(Path teacher, IntUnaryOperator keeping) {
    OnnxModel fused = OnnxModel.read(teacher);
    new TransformerFusion(TransformerFusion.Target.INT8).apply(fused);
    Path base = workspace.resolve("teacher.onnx");
    fused.write(base);
    List<String> states = layerInputs(fused.graph());
    int layers = requireLayers(states);
    int keep = keeping.applyAsInt(layers);
    if (keep < 1 || keep >= layers) {
      throw new OptimizerException(
          "layers: %d (expected: 1 to %d, of %d)".formatted(keep, layers - 1, layers));
    }
    Map<String, DMatrixRMaj> wanted = values(base, states);
    NavigableSet<Integer> dropped = new TreeSet<>();
    SampleSet judging =
        new SampleSet(
            samples.origin(),
            samples.samples().subList(0, Math.min(JUDGING_SAMPLES, samples.size())));
    List<List<TensorValue>> answers;
    try (RunnableModel model = RunnableModel.open(base, SessionSettings.DEFAULT)) {
      answers = OutputError.answers(model, judging, _ -> {});
    }
    int trials = 0;
    for (int round = 0; round < layers - keep; round++) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int layer = 0; layer < layers; layer++) {
        if (dropped.contains(layer)) {
          continue;
        }
        progress.at("which layers", trials++, (layers - keep) * layers);
        NavigableSet<Integer> tried = new TreeSet<>(dropped);
        tried.add(layer);
        double loss = loss(build(base, states, bridges(tried, states, wanted)), judging, answers);
        if (loss < least || best < 0) {
          least = loss;
          best = layer;
        }
      }
      dropped.add(best);
    }
    OnnxModel student = refitted(base, states, wanted, dropped);
    return new Made(student, new LayerDistillation.Outcome(layers, List.copyOf(dropped)));
  }

  private double loss(OnnxModel model, SampleSet judging, List<List<TensorValue>> answers) {
    Path file = workspace.resolve("tried.onnx");
    model.write(file);
    try (RunnableModel tried = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      return OutputError.between(judging, answers, OutputError.answers(tried, judging, _ -> {}))
          .loss();
    }
  }

  private OnnxModel refitted(
      Path base,
      List<String> states,
      Map<String, DMatrixRMaj> wanted,
      NavigableSet<Integer> dropped) {
    List<Bridge> fitted = new ArrayList<>();
    List<Bridge> rough = bridges(dropped, states, wanted);
    Path file = workspace.resolve("refitted.onnx");
    for (int index = 0; index < rough.size(); index++) {
      progress.at("fit", index, rough.size() + 1);
      Bridge bridge = rough.get(index);
      build(base, states, fitted).write(file);
      String from = states.get(bridge.from());
      DMatrixRMaj given = matrix(values(file, List.of(from)), from);
      fitted.add(
          new Bridge(
              bridge.from(), bridge.to(), map(given, matrix(wanted, states.get(bridge.to())))));
    }
    OnnxModel student = build(base, states, fitted);
    String last = states.getLast();
    if (fitted.getLast().to() < states.size() - 1) {
      student.write(file);
      DMatrixRMaj given = matrix(values(file, List.of(last)), last);
      Graph graph = student.graph();
      Node writer = graph.producer(last).orElseThrow();
      String raw = graph.freshName(last + "_student");
      graph.replace(List.of(writer), List.of(writer.withOutputs(List.of(raw))));
      addMap(graph, raw, last, map(given, matrix(wanted, last)));
    }
    return student;
  }

  private static DMatrixRMaj matrix(Map<String, DMatrixRMaj> values, String name) {
    DMatrixRMaj matrix = values.get(name);
    if (matrix == null) {
      throw new IllegalStateException("no values of " + name);
    }
    return matrix;
  }

  private static List<Bridge> bridges(
      NavigableSet<Integer> dropped, List<String> states, Map<String, DMatrixRMaj> wanted) {
    List<Bridge> bridges = new ArrayList<>();
    for (int layer : dropped) {
      if (dropped.contains(layer - 1)) {
        continue;
      }
      int to = layer + 1;
      while (dropped.contains(to)) {
        to++;
      }
      bridges.add(
          new Bridge(
              layer, to, map(matrix(wanted, states.get(layer)), matrix(wanted, states.get(to)))));
    }
    return bridges;
  }

  private static OnnxModel build(Path base, List<String> states, List<Bridge> bridges) {
    OnnxModel model = OnnxModel.read(base);
    Graph graph = model.graph();
    for (Bridge bridge : bridges) {
      String to = states.get(bridge.to());
      graph.remove(graph.producer(to).orElseThrow());
      addMap(graph, states.get(bridge.from()), to, bridge.map());
    }
    graph.removeUnused();
    return model;
  }

  private static void addMap(Graph graph, String from, String to, DMatrixRMaj map) {
    int width = map.getNumCols();
    int inputs = map.getNumRows() - 1;
    float[] weights = new float[inputs * width];
    float[] addend = new float[width];
    for (int index = 0; index < weights.length; index++) {
      weights[index] = (float) map.get(index);
    }
    for (int column = 0; column < width; column++) {
      addend[column] = (float) map.get(inputs, column);
    }
    String product = graph.freshName(to + "_bridge");
    graph.add(
        Node.of("MatMul", product)
            .inputs(
                from,
                graph.addConstant(
                    graph.freshName(to + "_bridge_weights"),
                    Tensor.ofFloats(weights, inputs, width)))
            .outputs(product)
            .build());
    graph.add(
        Node.of("Add", to + "_bridge_addend")
            .inputs(
                product,
                graph.addConstant(
                    graph.freshName(to + "_bridge_bias"), Tensor.ofFloats(addend, width)))
            .outputs(to)
            .build());
  }

  /** The map, with the addend as its last row, that gives the rows wanted best. */
  private static DMatrixRMaj map(DMatrixRMaj given, DMatrixRMaj wanted) {
    DMatrixRMaj rows = new DMatrixRMaj(given.getNumRows(), given.getNumCols() + 1);
    CommonOps_DDRM.insert(given, rows, 0, 0);
    for (int row = 0; row < rows.getNumRows(); row++) {
      rows.set(row, given.getNumCols(), 1);
    }
    DMatrixRMaj squares = new DMatrixRMaj(rows.getNumCols(), rows.getNumCols());
    CommonOps_DDRM.multInner(rows, squares);
    DMatrixRMaj products = new DMatrixRMaj(rows.getNumCols(), wanted.getNumCols());
    CommonOps_DDRM.multTransA(rows, wanted, products);
    return LeastSquares.solve(squares, products, RIDGE);
  }

  /** What a model has at some places, a row a token, in the samples' order. */
  private Map<String, DMatrixRMaj> values(Path model, List<String> names) {
    OnnxModel probe = OnnxModel.read(model);
    Graph graph = probe.graph();
    graph.redeclare(
        List.copyOf(graph.inputs()),
        names.stream()
            .map(
                name ->
                    ValueInfoProto.newBuilder()
                        .setName(name)
                        .setType(
                            TypeProto.newBuilder()
                                .setTensorType(
                                    TypeProto.Tensor.newBuilder()
                                        .setElemType(ElementType.FLOAT.code())))
                        .build())
            .toList());
    graph.removeUnused();
    Path file = workspace.resolve("probe.onnx");
    probe.write(file);
    Map<String, List<float[]>> collected = new LinkedHashMap<>();
    names.forEach(name -> collected.put(name, new ArrayList<>()));
    int width = 0;
    int tokens = 0;
    try (RunnableModel runnable = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      for (int index = 0; index < samples.size() && tokens < MAX_TOKENS; index++) {
        progress.at("tokens", tokens, MAX_TOKENS);
        for (TensorValue value : runnable.run(samples.samples().get(index))) {
          Tensor tensor = value.tensor();
          width = Math.toIntExact(tensor.dimension(tensor.rank() - 1));
          collected.getOrDefault(value.name(), new ArrayList<>()).add(tensor.floats());
          if (value.name().equals(names.getFirst())) {
            tokens += Math.toIntExact(tensor.elements()) / width;
          }
        }
      }
    }
    Map<String, DMatrixRMaj> matrices = new LinkedHashMap<>();
    for (Map.Entry<String, List<float[]>> entry : collected.entrySet()) {
      DMatrixRMaj matrix = new DMatrixRMaj(tokens, width);
      int place = 0;
      for (float[] part : entry.getValue()) {
        for (float number : part) {
          matrix.set(place++, number);
        }
      }
      matrices.put(entry.getKey(), matrix);
    }
    return matrices;
  }

  /**
   * What goes into each layer, and what comes out of the last: the normalized values from which the
   * next normalized value comes by way of attention, and the last of all.
   */
  private static List<String> layerInputs(Graph graph) {
    List<String> normalized =
        graph.sort().stream()
            .filter(node -> node.operator().endsWith("LayerNormalization"))
            .map(Node::output)
            .toList();
    List<String> inputs = new ArrayList<>();
    for (int index = 0; index + 1 < normalized.size(); index++) {
      if (attends(graph, normalized.get(index), normalized.get(index + 1))) {
        inputs.add(normalized.get(index));
      }
    }
    if (!inputs.isEmpty()) {
      inputs.add(normalized.getLast());
    }
    return inputs;
  }

  private static boolean attends(Graph graph, String from, String to) {
    Deque<String> open = new ArrayDeque<>(List.of(to));
    Set<String> seen = new HashSet<>(Set.of(from));
    boolean attends = false;
    boolean reached = false;
    while (!open.isEmpty()) {
      String value = open.remove();
      reached |= value.equals(from);
      if (!seen.add(value)) {
        continue;
      }
      Node node = graph.producer(value).orElse(null);
      if (node != null) {
        attends |=
            node.operator().equals("Softmax")
                || node.operator().equals("Attention")
                || node.operator().equals("MultiHeadAttention");
        open.addAll(node.inputs());
      }
    }
    return attends && reached;
  }
}
