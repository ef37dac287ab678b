package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The normalized sum of word, token type and position embeddings becomes EmbedLayerNormalization,
 * where positions simply count from 0.
 */
final class EmbeddingFusion implements Fusion {
  @Override
  public String result() {
    return "EmbedLayerNormalization";
  }

  @Override
  public int apply(Region region) {
    int count = 0;
    for (Node node : region.graph().nodes()) {
      if (node.is("LayerNormalization") && node.outputs().size() == 1) {
        count += fuse(region, node) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean fuse(Region region, Node normalization) {
    Graph graph = region.graph();
    List<Node> gathers = new ArrayList<>();
    List<Node> old = new ArrayList<>(List.of(normalization));
    Optional<Node> outer = region.producer(normalization.input(0), "Add");
    if (outer.isEmpty() || normalization.input(2).isEmpty()) {
      return false;
    }
    old.add(outer.get());
    for (String side : outer.get().inputs()) {
      Optional<Node> inner = region.producer(side, "Add");
      inner.ifPresent(old::add);
      for (String value : inner.map(Node::inputs).orElse(List.of(side))) {
        region.producer(value, "Gather").ifPresent(gathers::add);
      }
    }
    if (gathers.size() != 3 || old.size() != 3) {
      return false;
    }
    @Nullable Node positions = null;
    List<Node> tables = new ArrayList<>();
    for (Node gather : gathers) {
      if (!isTable(graph, gather.input(0)) || gather.integer("axis", 0) != 0) {
        return false;
      }
      if (isInput(graph, gather.input(1))) {
        tables.add(gather);
      } else {
        positions = gather;
      }
    }
    if (positions == null || tables.size() != 2) {
      return false;
    }
    Optional<String> counted = countedInput(region, positions.input(1));
    if (counted.isEmpty()) {
      return false;
    }
    // The positions are counted over the words.
    boolean firstIsWords = tables.get(0).input(1).equals(counted.get());
    Node words = firstIsWords ? tables.get(0) : tables.get(1);
    Node types = firstIsWords ? tables.get(1) : tables.get(0);
    if (!words.input(1).equals(counted.get())) {
      return false;
    }
    old.addAll(gathers);
    if (!region.isClosed(old, normalization.output())) {
      return false;
    }
    List<Node> fresh = new ArrayList<>();
    String wordIds = narrow(graph, words.input(1), fresh);
    String typeIds = narrow(graph, types.input(1), fresh);
    fresh.add(
        Node.microsoft("EmbedLayerNormalization", normalization.name() + "_embedding")
            .inputs(
                wordIds,
                typeIds,
                words.input(0),
                positions.input(0),
                types.input(0),
                normalization.input(1),
                normalization.input(2))
            // The second output, of a mask that is not given, must be named all the same.
            .outputs(
                normalization.output(), graph.freshName(normalization.output() + "_mask_index"))
            .with("epsilon", normalization.number("epsilon", 1e-5f))
            .build());
    graph.replace(old, fresh);
    return true;
  }

  private static boolean isTable(Graph graph, String name) {
    return graph
        .constant(name)
        .filter(tensor -> tensor.rank() == 2 && tensor.type() == ElementType.FLOAT)
        .isPresent();
  }

  private static boolean isInput(Graph graph, String name) {
    return graph.requiredInputs().stream()
        .anyMatch(
            input ->
                input.getName().equals(name)
                    && input.getType().getTensorType().getShape().getDimCount() == 2);
  }

  /**
   * Slice(positions, 0, number of tokens of an input) where the positions are 0, 1, 2 and so on.
   *
   * @return the input whose tokens are counted
   */
  private static Optional<String> countedInput(Region region, String value) {
    Graph graph = region.graph();
    Optional<Node> slice = region.producer(value, "Slice");
    if (slice.isEmpty()) {
      return Optional.empty();
    }
    Optional<Tensor> positions = graph.constant(slice.get().input(0));
    if (positions.isEmpty()
        || positions.get().rank() != 2
        || positions.get().dimension(0) != 1
        || positions.get().type() != ElementType.INT64
        || !is(graph, slice.get().input(1), 0)
        || !is(graph, slice.get().input(3), 1)
        || !(slice.get().input(4).isEmpty() || is(graph, slice.get().input(4), 1))) {
      return Optional.empty();
    }
    long[] numbers = positions.get().longs();
    for (int index = 0; index < numbers.length; index++) {
      if (numbers[index] != index) {
        return Optional.empty();
      }
    }
    return region
        .producer(slice.get().input(2), "Unsqueeze")
        .flatMap(node -> withoutZero(region, node.input(0)))
        .filter(gather -> is(graph, gather.input(1), 1))
        .flatMap(gather -> region.producer(gather.input(0), "Shape"))
        .map(shape -> shape.input(0));
  }

  /** The Gather of a dimension, to which an exporter may have added a start of 0. */
  private static Optional<Node> withoutZero(Region region, String value) {
    Optional<Node> sum = region.producer(value, "Add");
    if (sum.isPresent() && is(region.graph(), sum.get().input(1), 0)) {
      return region.producer(sum.get().input(0), "Gather");
    }
    return region.producer(value, "Gather");
  }

  private static boolean is(Graph graph, String name, long expected) {
    return graph
        .integers(name)
        .filter(values -> values.length == 1 && values[0] == expected)
        .isPresent();
  }

  private static String narrow(Graph graph, String ids, List<Node> fresh) {
    boolean narrow =
        graph
            .declaration(ids)
            .filter(
                info -> info.getType().getTensorType().getElemType() == ElementType.INT32.code())
            .isPresent();
    if (narrow) {
      return ids;
    }
    String name = graph.freshName(ids + "_int32_ids");
    fresh.add(
        Node.of("Cast", name)
            .inputs(ids)
            .outputs(name)
            .with("to", ElementType.INT32.code())
            .build());
    return name;
  }
}
