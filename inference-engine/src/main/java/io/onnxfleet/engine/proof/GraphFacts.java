package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.proof.Graph.Constant;
import io.onnxfleet.engine.proof.Graph.Node;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a model's graph says about the data that it takes and about how exact it is. It is never
 * enough to prove anything; it makes made-up data fit. Immutable.
 */
public final class GraphFacts {
  /** Of a model whose file is not known. */
  public static final GraphFacts NONE = new GraphFacts(new Graph(List.of(), Map.of()));

  private static final int FLOAT16 = 10;
  private static final int BFLOAT16 = 16;

  /** Operators whose output holds the elements of their first input. */
  private static final Set<String> PASSING =
      Set.of(
          "Cast",
          "CastLike",
          "Reshape",
          "Unsqueeze",
          "Squeeze",
          "Flatten",
          "Identity",
          "Transpose",
          "Expand",
          "Tile",
          "Slice",
          "Gather",
          "Clip",
          "Pad",
          "StringNormalizer");

  private static final Set<String> RANDOM =
      Set.of(
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike",
          "Multinomial",
          "Bernoulli");

  /** Kernels that what is no number may lead astray, or a large number keep busy. */
  private static final Set<String> SORTING_OR_REPEATING =
      Set.of("TopK", "NonMaxSuppression", "Unique", "Loop", "Scan", "SequenceMap");

  private static final Set<String> CATEGORIES =
      Set.of("keys_strings", "cats_strings", "keys_tensor", "pool_strings", "classlabels_strings");

  private static final Set<String> NUMBERED_CATEGORIES =
      Set.of("keys_int64s", "cats_int64s", "pool_int64s");

  private final Graph graph;
  private final Map<String, Node> producers = new HashMap<>();
  private final Map<String, Long> tableSizes = new HashMap<>();
  private final Map<String, List<String>> categories = new HashMap<>();
  private final Map<String, List<Long>> numberedCategories = new HashMap<>();

  private GraphFacts(Graph graph) {
    this.graph = graph;
    for (Node node : graph.nodes()) {
      node.outputs().forEach(output -> producers.put(output, node));
    }
    graph.nodes().forEach(this::conclude);
  }

  /** Reads a model file; what it cannot read says nothing. */
  public static GraphFacts of(Path modelFile) {
    return new GraphFacts(Graph.read(modelFile));
  }

  private void conclude(Node node) {
    switch (node.operator()) {
      case "Gather", "GatherElements" -> {
        long axis = node.number("axis", 0);
        dims(node.input(0))
            .filter(dims -> !dims.isEmpty())
            .ifPresent(dims -> lookedUp(node.input(1), dims, axis));
      }
      case "GatherND" ->
          dims(node.input(0))
              .filter(dims -> !dims.isEmpty())
              .ifPresent(dims -> lookedUp(node.input(1), dims, 0));
      case "EmbedLayerNormalization" -> {
        dims(node.input(2)).ifPresent(dims -> lookedUp(node.input(0), dims, 0));
        dims(node.input(4)).ifPresent(dims -> lookedUp(node.input(1), dims, 0));
      }
      default -> {
        // Its inputs are values.
      }
    }
    node.texts()
        .forEach(
            (attribute, texts) -> {
              if (CATEGORIES.contains(attribute) && !texts.isEmpty()) {
                origins(node.input(0))
                    .forEach(
                        input ->
                            categories
                                .computeIfAbsent(input, key -> new ArrayList<>())
                                .addAll(texts));
              }
            });
    node.numbers()
        .forEach(
            (attribute, numbers) -> {
              if (NUMBERED_CATEGORIES.contains(attribute) && !numbers.isEmpty()) {
                origins(node.input(0))
                    .forEach(
                        input ->
                            numberedCategories
                                .computeIfAbsent(input, key -> new ArrayList<>())
                                .addAll(numbers));
              }
            });
  }

  private void lookedUp(String indices, List<Long> dims, long axis) {
    int position = (int) (axis < 0 ? axis + dims.size() : axis);
    if (position >= 0 && position < dims.size()) {
      long size = dims.get(position);
      origins(indices).forEach(input -> tableSizes.merge(input, size, Math::min));
    }
  }

  /** The sizes of a constant, also behind operators that keep them. */
  private Optional<List<Long>> dims(String name) {
    String current = name;
    for (int step = 0; step < 8; step++) {
      Constant constant = graph.constants().get(current);
      if (constant != null) {
        return Optional.of(constant.dims());
      }
      Node node = producers.get(current);
      if (node == null
          || !Set.of("Identity", "Cast", "DequantizeLinear").contains(node.operator())) {
        return Optional.empty();
      }
      current = node.input(0);
    }
    return Optional.empty();
  }

  /** The values that a value's elements are taken from, as far back as that can be followed. */
  private Set<String> origins(String name) {
    Set<String> origins = new HashSet<>();
    Set<String> seen = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(name));
    while (!open.isEmpty()) {
      String current = open.remove();
      Node node = producers.get(current);
      if (!seen.add(current)) {
        continue;
      }
      if (node == null) {
        origins.add(current);
      } else if (node.operator().equals("Concat") || node.operator().equals("Where")) {
        open.addAll(node.inputs());
      } else if (PASSING.contains(node.operator())) {
        open.add(node.input(0));
      }
    }
    return origins;
  }

  /** The size of the smallest table in which an input's elements are looked up, if they are. */
  OptionalLong tableSize(String input) {
    Long size = tableSizes.get(input);
    return size == null ? OptionalLong.empty() : OptionalLong.of(size);
  }

  /** The texts that an input's elements are compared with. */
  List<String> categories(String input) {
    return categories.getOrDefault(input, List.of());
  }

  /** The integers that an input's elements are compared with. */
  List<Long> numberedCategories(String input) {
    return numberedCategories.getOrDefault(input, List.of());
  }

  /** The name of an operator that draws at random, if there is one. */
  Optional<String> random() {
    return graph.nodes().stream().map(Node::operator).filter(RANDOM::contains).findFirst();
  }

  /** True if something is put into order, or repeated as often as the data say. */
  boolean sortsOrRepeats() {
    return graph.nodes().stream().map(Node::operator).anyMatch(SORTING_OR_REPEATING::contains);
  }

  /**
   * The name of an operator that quantizes activations by one scale over all that it is given, the
   * rows of a batch included; empty if there is none.
   */
  public Optional<String> quantizesActivations() {
    return graph.nodes().stream()
        .map(Node::operator)
        .filter(operator -> operator.startsWith("DynamicQuantize"))
        .findFirst();
  }

  /** True if values are rounded to 8 bits by scales that the file holds. */
  boolean isStaticallyQuantized() {
    return graph.nodes().stream()
        .map(Node::operator)
        .anyMatch(operator -> operator.startsWith("Quantize") || operator.startsWith("QLinear"));
  }

  /** One step of an output that was rounded to 8 bits, if that is all that is done to it. */
  OptionalDouble quantum(String output) {
    String current = output;
    for (int step = 0; step < 16; step++) {
      Node node = producers.get(current);
      if (node == null) {
        return OptionalDouble.empty();
      }
      if (node.operator().equals("DequantizeLinear")) {
        Constant scale = graph.constants().get(node.input(1));
        return scale == null || scale.value() == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(scale.value());
      }
      if (!PASSING.contains(node.operator())) {
        return OptionalDouble.empty();
      }
      current = node.input(0);
    }
    return OptionalDouble.empty();
  }

  /** True if anything is computed in 16 bits with 11 of significance. */
  boolean computesInHalfs() {
    return computesIn(FLOAT16);
  }

  /** True if anything is computed in 16 bits with 8 of significance. */
  boolean computesInBrainFloats() {
    return computesIn(BFLOAT16);
  }

  private boolean computesIn(int elementType) {
    return graph.constants().values().stream()
            .anyMatch(constant -> constant.elementType() == elementType)
        || graph.nodes().stream()
            .anyMatch(
                node -> node.operator().equals("Cast") && node.number("to", 0) == elementType);
  }
}
