package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Removes a share of the neurons, heads or channels wherever a model has them, and refits the layer
 * behind each place to what it gave before. What goes and how the rest makes up for it is decided
 * by samples; see {@link BlockElimination}. The tensors themselves become smaller.
 */
public final class StructuredPruning implements Pass {
  /** The statistics of more places are collected in further runs of the samples. */
  private static final long MAX_STATISTICS_BYTES = 150_000_000;

  private final Structure structure;
  private final double share;

  /**
   * @param share to remove at least, above 0 and below 1
   */
  public StructuredPruning(Structure structure, double share) {
    this.structure = structure;
    this.share = share;
  }

  /**
   * What was done.
   *
   * @param structure what went
   * @param places how many layers lost something
   * @param before neurons, heads or channels in all of them
   * @param after how many are left
   */
  public record Outcome(Structure structure, int places, int before, int after)
      implements PassReport {
    @Override
    public List<String> lines() {
      return List.of(
          "%s: %d of %d stay, in %d places".formatted(structure.plural(), after, before, places));
    }
  }

  @Override
  public String name() {
    return "prune";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("structure", structure.plural(), "share", share);
  }

  /**
   * Changes a model. Places are pruned one after the other, from the inputs on, so that each is
   * refitted by what it is given. Of fewer rows than a layer has features little can be learned.
   *
   * @throws OptimizerException if the model has none of the structure
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    if (!(share > 0 && share < 1)) {
      throw new OptimizerException(
          "share of %s: %s (expected: above 0, below 1)".formatted(structure.plural(), share));
    }
    Path file = draft.file();
    OnnxModel model = draft.model();
    List<Removable> places = new RemovableFinder(model.graph()).find(structure);
    if (places.isEmpty()) {
      throw new OptimizerException("the model has no %s that can go".formatted(structure.plural()));
    }
    List<DMatrixRMaj> statistics = new ArrayList<>();
    for (int from = 0; from < places.size(); ) {
      int to = from;
      long bytes = 0;
      while (to < places.size() && (to == from || bytes < MAX_STATISTICS_BYTES)) {
        long width = places.get(to++).features() + 1L;
        bytes += 8 * width * width;
      }
      statistics.addAll(
          FeatureStatistics.of(
              file, places.subList(from, to), context.samples(), context.progress()));
      from = to;
    }
    // A consumer may be another place's source: nodes are replaced as they are pruned.
    Map<Node, Node> replaced = new HashMap<>();
    int before = 0;
    int after = 0;
    for (int index = 0; index < places.size(); index++) {
      context.progress().at("pruning", index, places.size());
      Removable place = current(places.get(index), replaced);
      int kept = structure.kept(place.count(), share);
      before += place.count();
      after += kept;
      if (kept < place.count()) {
        prune(model.graph(), place, statistics.get(index), kept, replaced);
      }
    }
    model.graph().removeUnused();
    model.graph().forgetShapes();
    return new Outcome(structure, places.size(), before, after);
  }

  private static Removable current(Removable place, Map<Node, Node> replaced) {
    return new Removable(
        place.structure(),
        latest(place.source(), replaced),
        place.between().stream().map(node -> latest(node, replaced)).toList(),
        latest(place.consumer(), replaced),
        place.value(),
        place.count(),
        place.size());
  }

  private static Node latest(Node node, Map<Node, Node> replaced) {
    Node latest = node;
    for (Node next = replaced.get(latest); next != null; next = replaced.get(latest)) {
      latest = next;
    }
    return latest;
  }

  private static void prune(
      Graph graph, Removable place, DMatrixRMaj statistics, int kept, Map<Node, Node> replaced) {
    Optional<Weights.Bias> bias = Weights.bias(graph, place.consumer());
    int features = place.features();
    DMatrixRMaj weights = Weights.byFeature(graph, place.consumer());
    DMatrixRMaj squares = statistics;
    if (bias.isPresent()) {
      DMatrixRMaj withAddend = new DMatrixRMaj(features + 1, weights.getNumCols());
      CommonOps_DDRM.insert(weights, withAddend, 0, 0);
      weights = withAddend;
    } else {
      squares = CommonOps_DDRM.extract(statistics, 0, features, 0, features);
    }
    BlockElimination elimination =
        new BlockElimination(squares, weights, place.count(), place.size());
    int[] blocks = elimination.keep(kept);
    int[] keptFeatures =
        IntStream.of(blocks)
            .flatMap(block -> IntStream.range(block * place.size(), (block + 1) * place.size()))
            .toArray();
    DMatrixRMaj fitted = elimination.weights();
    Editor editor = new Editor(graph, replaced);
    int inputs = place.structure() == Structure.HEADS ? keptFeatures.length : blocks.length;
    editor.constant(
        place.consumer(),
        1,
        Weights.ofLayer(graph, place.consumer(), fitted, keptFeatures, inputs));
    if (bias.isPresent()) {
      float[] values = bias.get().values().floats();
      for (int output = 0; output < values.length; output++) {
        values[output] += (float) fitted.get(features, output);
      }
      editor.constant(
          latest(bias.get().node(), replaced),
          bias.get().input(),
          Tensor.ofFloats(values, values.length));
    }
    switch (place.structure()) {
      case HEADS -> editor.heads(place.source(), place.count(), blocks);
      case NEURONS -> editor.narrow(place, 1, blocks);
      case CHANNELS -> editor.narrow(place, 3, blocks);
    }
  }

  /** Puts smaller constants in the place of larger ones. */
  private record Editor(Graph graph, Map<Node, Node> replaced) {

    Node constant(Node node, int input, Tensor tensor) {
      String old = node.input(input).isEmpty() ? node.output() + "_bias" : node.input(input);
      String name = graph.addConstant(graph.freshName(old + "_pruned"), tensor);
      List<String> inputs = new ArrayList<>(node.inputs());
      while (inputs.size() <= input) {
        inputs.add("");
      }
      inputs.set(input, name);
      Node fresh = node.withInputs(inputs);
      replace(node, fresh);
      return fresh;
    }

    private void replace(Node node, Node fresh) {
      graph.replace(List.of(node), List.of(fresh));
      replaced.put(node, fresh);
    }

    /** Keeps some of what a layer gives, and of the constants on the way to its reader. */
    void narrow(Removable place, int trailing, int[] kept) {
      Node source = place.source();
      int axis = Weights.outputAxis(source);
      Node narrowed =
          constant(
              source, 1, Weights.slice(graph.constant(source.input(1)).orElseThrow(), axis, kept));
      if (!narrowed.input(2).isEmpty()) {
        narrowVector(narrowed, 2, place.count(), kept);
      }
      for (Node node : place.between()) {
        if (node.is("BatchNormalization")) {
          Node current = node;
          for (int input = 1; input <= 4; input++) {
            current = narrowVector(current, input, place.count(), kept);
          }
        } else if (node.is("Conv")) {
          Node fewer =
              constant(
                  node, 1, Weights.slice(graph.constant(node.input(1)).orElseThrow(), 0, kept));
          if (!fewer.input(2).isEmpty()) {
            fewer = narrowVector(fewer, 2, place.count(), kept);
          }
          replace(fewer, fewer.withInteger("group", kept.length));
        } else {
          Node current = node;
          for (int input = 0; input < node.inputs().size(); input++) {
            Optional<Tensor> tensor = graph.constant(current.input(input));
            int axisOfPlaces =
                tensor.map(found -> Weights.axisOf(found, place.count(), trailing)).orElse(-1);
            if (axisOfPlaces >= 0 && place.count() > 1) {
              current =
                  constant(current, input, Weights.slice(tensor.orElseThrow(), axisOfPlaces, kept));
            }
          }
        }
      }
    }

    private Node narrowVector(Node node, int input, int count, int[] kept) {
      Tensor tensor = graph.constant(node.input(input)).orElseThrow();
      int axis = tensor.rank() - 1;
      return tensor.elements() == count
          ? constant(node, input, Weights.slice(tensor, axis, kept))
          : node;
    }

    /** Query, key and value stand one behind the other in the columns. */
    void heads(Node attention, int heads, int[] kept) {
      Tensor weights = graph.constant(attention.input(1)).orElseThrow();
      int width = Math.toIntExact(weights.dimension(1) / 3);
      int size = width / heads;
      int[] columns =
          IntStream.range(0, 3)
              .flatMap(
                  part ->
                      IntStream.of(kept)
                          .flatMap(
                              head ->
                                  IntStream.range(0, size)
                                      .map(place -> part * width + head * size + place)))
              .toArray();
      Node fewer = constant(attention, 1, Weights.slice(weights, 1, columns));
      Tensor biases = graph.constant(attention.input(2)).orElseThrow();
      fewer = constant(fewer, 2, Weights.slice(biases, 0, columns));
      replace(fewer, fewer.withInteger("num_heads", kept.length));
    }
  }
}
