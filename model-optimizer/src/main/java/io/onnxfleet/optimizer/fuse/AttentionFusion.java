package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention of several heads, as exporters spell it out with Reshape, Transpose,
 * MatMul and Softmax, becomes MultiHeadAttention. A mask must be the usual one: made of an input of
 * ones and zeros, it adds the same large negative number wherever there is a zero.
 */
final class AttentionFusion implements Fusion {
  private static final List<Long> HEADS_FIRST = List.of(0L, 2L, 1L, 3L);
  private static final List<Long> HEADS_FIRST_TRANSPOSED = List.of(0L, 2L, 3L, 1L);
  private static final List<Long> LAST_TWO_SWAPPED = List.of(0L, 1L, 3L, 2L);

  @Override
  public String result() {
    return "MultiHeadAttention";
  }

  @Override
  public int apply(Region region) {
    Map<String, String> masks = new HashMap<>();
    int count = 0;
    for (Node node : region.graph().nodes()) {
      if (node.is("Softmax")) {
        Optional<Match> match = match(region, node);
        if (match.isPresent()) {
          replace(region, match.get(), masks);
          count++;
        }
      }
    }
    return count;
  }

  /**
   * One attention block.
   *
   * @param last the node that writes the result, which is replaced; the others lose their use
   */
  private record Match(
      Node last,
      String query,
      String key,
      String value,
      long heads,
      float scale,
      @Nullable Mask mask) {}

  /**
   * @param input ones and zeros, [batch, tokens]
   * @param filter what is added where there is a zero
   */
  private record Mask(String input, float filter) {}

  /**
   * A projection split into heads.
   *
   * @param rows the projection, [batch, tokens, heads x size]
   */
  private record Heads(String rows, long count, long size) {}

  private static Optional<Match> match(Region region, Node softmax) {
    Graph graph = region.graph();
    long axis = softmax.integer("axis", -1);
    if (axis != -1 && axis != 3) {
      return Optional.empty();
    }
    Optional<Node> product = region.onlyConsumer(softmax.output(), "MatMul");
    if (product.isEmpty() || !product.get().input(0).equals(softmax.output())) {
      return Optional.empty();
    }
    Optional<Heads> value = heads(region, product.get().input(1), HEADS_FIRST);
    Optional<Node> back = region.onlyConsumer(product.get().output(), "Transpose");
    if (value.isEmpty() || back.isEmpty() || !back.get().integers("perm").equals(HEADS_FIRST)) {
      return Optional.empty();
    }
    Optional<Node> merged =
        graph.consumers(back.get().output()).stream()
            .filter(node -> node.is("Reshape") && node.input(0).equals(back.get().output()))
            .findFirst();
    long width = value.get().count() * value.get().size();
    if (merged.isEmpty() || !isRows(region, merged.get(), List.of(width))) {
      return Optional.empty();
    }

    String scores = softmax.input(0);
    Mask mask = null;
    Optional<Node> masked = region.producer(scores, "Add");
    if (masked.isPresent()) {
      for (int index = 0; index < 2 && mask == null; index++) {
        mask = mask(region, masked.get().input(index)).orElse(null);
        scores = masked.get().input(1 - index);
      }
      if (mask == null) {
        return Optional.empty();
      }
    }
    float scale = 1;
    Optional<Node> scaled = graph.producer(scores);
    if (scaled.isPresent() && (scaled.get().is("Div") || scaled.get().is("Mul"))) {
      Optional<Float> factor = graph.scalar(scaled.get().input(1));
      if (factor.isEmpty()) {
        return Optional.empty();
      }
      scale = scaled.get().is("Div") ? 1 / factor.get() : factor.get();
      scores = scaled.get().input(0);
    }
    Optional<Node> dots = region.producer(scores, "MatMul");
    if (dots.isEmpty()) {
      return Optional.empty();
    }
    String queries = dots.get().input(0);
    Optional<Node> scaledQueries = graph.producer(queries);
    if (scaledQueries.isPresent()
        && (scaledQueries.get().is("Div") || scaledQueries.get().is("Mul"))) {
      Optional<Float> factor = graph.scalar(scaledQueries.get().input(1));
      if (factor.isEmpty()) {
        return Optional.empty();
      }
      scale *= scaledQueries.get().is("Div") ? 1 / factor.get() : factor.get();
      queries = scaledQueries.get().input(0);
    }
    Optional<Heads> query = heads(region, queries, HEADS_FIRST);
    Optional<Heads> key = keyHeads(region, dots.get().input(1));
    if (query.isEmpty()
        || key.isEmpty()
        || query.get().count() != value.get().count()
        || key.get().count() != value.get().count()
        || query.get().size() != key.get().size()
        || query.get().size() != value.get().size()) {
      return Optional.empty();
    }
    return Optional.of(
        new Match(
            merged.get(),
            query.get().rows(),
            key.get().rows(),
            value.get().rows(),
            value.get().count(),
            scale,
            mask));
  }

  private static Optional<Heads> keyHeads(Region region, String value) {
    Optional<Heads> direct = heads(region, value, HEADS_FIRST_TRANSPOSED);
    if (direct.isPresent()) {
      return direct;
    }
    return region
        .producer(value, "Transpose")
        .filter(node -> node.integers("perm").equals(LAST_TWO_SWAPPED))
        .flatMap(node -> heads(region, node.input(0), HEADS_FIRST));
  }

  private static Optional<Heads> heads(Region region, String value, List<Long> permutation) {
    Optional<Node> reshape =
        region
            .producer(value, "Transpose")
            .filter(node -> node.integers("perm").equals(permutation))
            .flatMap(node -> region.producer(node.input(0), "Reshape"));
    if (reshape.isEmpty()) {
      return Optional.empty();
    }
    List<Long> tail = tail(region, reshape.get().input(1));
    String rows = reshape.get().input(0);
    if (tail.size() != 2 || !isRows(region, reshape.get(), tail)) {
      return Optional.empty();
    }
    long count = tail.get(0);
    long size = tail.get(1);
    Optional<Long> width = new RowShapes(region.graph()).width(rows);
    return width.equals(Optional.of(count * size))
        ? Optional.of(new Heads(rows, count, size))
        : Optional.empty();
  }

  /** The constants at the end of a shape of four. */
  private static List<Long> tail(Region region, String shape) {
    Graph graph = region.graph();
    Optional<long[]> constant = graph.integers(shape);
    if (constant.isPresent()) {
      long[] all = constant.get();
      return all.length == 4 ? List.of(all[2], all[3]) : List.of();
    }
    Optional<Node> concat = region.producer(shape, "Concat");
    if (concat.isEmpty() || concat.get().inputs().size() != 4) {
      return List.of();
    }
    Optional<long[]> count = graph.integers(concat.get().input(2));
    Optional<long[]> size = graph.integers(concat.get().input(3));
    return count.filter(values -> values.length == 1).isPresent()
            && size.filter(values -> values.length == 1).isPresent()
        ? List.of(count.orElseThrow()[0], size.orElseThrow()[0])
        : List.of();
  }

  /**
   * Whether a shape is [batch, tokens] followed by constants: both taken from the first two
   * dimensions of a value, or left to the operator (0 is the same dimension, -1 the one that is
   * left).
   */
  private static boolean isRows(Region region, Node reshape, List<Long> tail) {
    Graph graph = region.graph();
    String shape = reshape.input(1);
    Optional<long[]> constant = graph.integers(shape);
    if (constant.isPresent()) {
      long[] all = constant.get();
      boolean fits = all.length == tail.size() + 2 && all[0] == 0 && (all[1] == 0 || all[1] == -1);
      for (int index = 0; fits && index < tail.size(); index++) {
        fits = all[index + 2] == tail.get(index);
      }
      return fits;
    }
    Optional<Node> concat = region.producer(shape, "Concat");
    if (concat.isEmpty() || concat.get().inputs().size() != tail.size() + 2) {
      return false;
    }
    for (int index = 0; index < 2; index++) {
      if (!isDimension(region, concat.get().input(index), reshape.input(0), index)) {
        return false;
      }
    }
    for (int index = 0; index < tail.size(); index++) {
      Optional<long[]> value = graph.integers(concat.get().input(index + 2));
      if (value.isEmpty() || value.get().length != 1 || value.get()[0] != tail.get(index)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Unsqueeze(Gather(Shape(of), index)), where another value of the same rows may stand for {@code
   * of}; or a constant that leaves the dimension as it is.
   */
  private static boolean isDimension(Region region, String value, String of, int index) {
    Optional<long[]> constant = region.graph().integers(value);
    if (constant.isPresent()) {
      return constant.get().length == 1
          && (constant.get()[0] == 0 || (index == 1 && constant.get()[0] == -1));
    }
    return region
        .producer(value, "Unsqueeze")
        .flatMap(node -> region.producer(node.input(0), "Gather"))
        .filter(
            gather ->
                region
                        .producer(gather.input(0), "Shape")
                        .filter(shape -> sameRows(region, shape.input(0), of))
                        .isPresent()
                    && region
                        .graph()
                        .integers(gather.input(1))
                        .filter(at -> at.length == 1 && at[0] == index)
                        .isPresent())
        .isPresent();
  }

  private static boolean sameRows(Region region, String one, String other) {
    RowShapes shapes = new RowShapes(region.graph());
    return one.equals(other) || shapes.ancestor(one).equals(shapes.ancestor(other));
  }

  /** (1 - Cast(Unsqueeze(Unsqueeze(mask)))) * filter. */
  private static Optional<Mask> mask(Region region, String value) {
    Optional<Node> product = region.producer(value, "Mul");
    if (product.isEmpty()) {
      return Optional.empty();
    }
    for (int index = 0; index < 2; index++) {
      Optional<Float> filter = region.graph().scalar(product.get().input(index));
      Optional<Node> inverse = region.producer(product.get().input(1 - index), "Sub");
      if (filter.isEmpty() || inverse.isEmpty() || !region.isScalar(inverse.get().input(0), 1)) {
        continue;
      }
      Optional<String> spread =
          region.producer(inverse.get().input(1), "Cast").map(cast -> cast.input(0));
      Optional<String> input = spread.flatMap(from -> withoutAxes(region, from));
      if (input.isPresent()) {
        return Optional.of(new Mask(input.get(), filter.get()));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> withoutAxes(Region region, String value) {
    Optional<Node> outer = region.producer(value, "Unsqueeze");
    if (outer.isEmpty()) {
      return Optional.empty();
    }
    String input = outer.get().input(0);
    if (!region.axes(outer.get()).equals(List.of(1L, 2L))) {
      Optional<Node> inner = region.producer(input, "Unsqueeze");
      if (inner.isEmpty()
          || !region.axes(outer.get()).equals(List.of(2L))
          || !region.axes(inner.get()).equals(List.of(1L))) {
        return Optional.empty();
      }
      input = inner.get().input(0);
    }
    String mask = input;
    boolean isMatrixInput =
        region.graph().inputs().stream()
            .anyMatch(
                declared ->
                    declared.getName().equals(mask)
                        && declared.getType().getTensorType().getShape().getDimCount() == 2);
    return isMatrixInput ? Optional.of(mask) : Optional.empty();
  }

  private static void replace(Region region, Match match, Map<String, String> masks) {
    Graph graph = region.graph();
    String name = match.last().name().isEmpty() ? match.last().output() : match.last().name();
    List<String> inputs = new ArrayList<>(List.of(match.query(), match.key(), match.value()));
    if (match.mask() != null) {
      inputs.add("");
      inputs.add(masks.computeIfAbsent(match.mask().input(), mask -> toInt32(graph, mask)));
    }
    Node.Builder attention =
        Node.microsoft("MultiHeadAttention", name + "_attention")
            .inputs(inputs.toArray(String[]::new))
            .outputs(match.last().output())
            .with("num_heads", match.heads())
            .with("scale", match.scale());
    if (match.mask() != null) {
      attention.with("mask_filter_value", match.mask().filter());
    }
    graph.replace(List.of(match.last()), List.of(attention.build()));
    graph.removeUnused();
  }

  private static String toInt32(Graph graph, String mask) {
    String narrow = graph.freshName(mask + "_int32");
    graph.add(
        Node.of("Cast", narrow)
            .inputs(mask)
            .outputs(narrow)
            .with("to", ElementType.INT32.code())
            .build());
    return narrow;
  }

  /** Lets attention add the biases of its three projections, where nothing else sees the sums. */
  static final class Biases implements Fusion {
    @Override
    public String result() {
      return "MultiHeadAttention with bias";
    }

    @Override
    public int apply(Region region) {
      int count = 0;
      for (Node node : region.graph().nodes()) {
        if (node.operator().equals("MultiHeadAttention") && node.input(3).isEmpty()) {
          count += fuse(region, node) ? 1 : 0;
        }
      }
      return count;
    }

    private static boolean fuse(Region region, Node attention) {
      Graph graph = region.graph();
      List<Node> old = new ArrayList<>(List.of(attention));
      List<String> inputs = new ArrayList<>();
      List<float[]> biases = new ArrayList<>();
      int length = 0;
      for (int index = 0; index < 3; index++) {
        String projection = attention.input(index);
        Optional<Region.Biased> biased = region.biased(projection);
        if (biased.isEmpty() || graph.onlyConsumer(projection).isEmpty()) {
          return false;
        }
        Optional<Tensor> bias =
            graph.constant(biased.get().bias()).filter(t -> t.type() == ElementType.FLOAT);
        if (bias.isEmpty()) {
          return false;
        }
        old.add(biased.get().add());
        inputs.add(biased.get().value());
        biases.add(bias.get().floats());
        length += biases.getLast().length;
      }
      float[] joined = new float[length];
      int at = 0;
      for (float[] bias : biases) {
        System.arraycopy(bias, 0, joined, at, bias.length);
        at += bias.length;
      }
      String name = graph.freshName(attention.name() + "_bias");
      graph.addConstant(name, Tensor.ofFloats(joined, length));
      inputs.add(name);
      inputs.addAll(
          attention
              .inputs()
              .subList(Math.min(4, attention.inputs().size()), attention.inputs().size()));
      graph.replace(
          old,
          List.of(
              Node.microsoft("MultiHeadAttention", attention.name())
                  .inputs(inputs.toArray(String[]::new))
                  .outputs(attention.output())
                  .withSame(attention, "num_heads")
                  .withSame(attention, "scale")
                  .withSame(attention, "mask_filter_value")
                  .build()));
      return true;
    }
  }
}
