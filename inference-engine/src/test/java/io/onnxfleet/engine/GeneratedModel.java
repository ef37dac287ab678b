package io.onnxfleet.engine;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Models of every kind of behaviour in company, made by chance: each kind is one of several graphs,
 * of sizes and constants by the seed, under names of dimensions that may mislead.
 */
final class GeneratedModel {
  /** What a model does with rows and lengths. */
  enum Kind {
    ROW_WISE,
    ROW_MIXING,
    SHAPE_FOLLOWING,
    DATA_DEPENDENT,
    TIME_FIRST,
    LAST_TOKEN,
    MEAN_WITHOUT_MASK,
    MASKED_MEAN,
    POSITIONS,
    RECURRENT,
    /** Mixes rows from some number of them on, or so that it shows in few answers. */
    SELDOM_MIXING,
    /** Keeps a state over its rows. */
    STATEFUL
  }

  private static final int VOCABULARY = 50;

  final Kind kind;
  final OnnxGraph graph = new OnnxGraph();
  final String description;
  private final Random random;
  private final int width;
  private final boolean ofTokens;

  /** Sizes that a request's length may have; 0 where it has none. */
  private final int longest;

  GeneratedModel(Kind kind, Random random) {
    this.kind = kind;
    this.random = random;
    this.width = 2 + random.nextInt(7);
    int variant =
        switch (kind) {
          case ROW_WISE -> rowWise();
          case ROW_MIXING -> rowMixing();
          case SHAPE_FOLLOWING -> shapeFollowing();
          case DATA_DEPENDENT -> dataDependent();
          case TIME_FIRST -> timeFirst();
          case LAST_TOKEN -> lastToken();
          case MEAN_WITHOUT_MASK -> meanWithoutMask();
          case MASKED_MEAN -> maskedMean(false);
          case POSITIONS -> maskedMean(true);
          case RECURRENT -> recurrent();
          case SELDOM_MIXING -> seldomMixing();
          case STATEFUL -> stateful();
        };
    this.ofTokens =
        switch (kind) {
          case LAST_TOKEN, MEAN_WITHOUT_MASK, MASKED_MEAN, POSITIONS -> true;
          default -> false;
        };
    this.longest = ofTokens || kind == Kind.RECURRENT ? 24 : 0;
    this.description = "%s, variant %d, width %d".formatted(kind, variant, width);
  }

  void writeTo(Path folder) {
    var _ = graph.writeTo(folder);
  }

  /** A name that says the truth, says nothing, or lies. */
  private String rows() {
    return switch (random.nextInt(4)) {
      case 0 -> "batch";
      case 1 -> "N";
      case 2 -> "";
      default -> "unk__" + random.nextInt(500);
    };
  }

  private float[] values(int count) {
    float[] values = new float[count];
    for (int index = 0; index < count; index++) {
      values[index] = (float) random.nextGaussian();
    }
    return values;
  }

  private String fixed(int size) {
    return Integer.toString(size);
  }

  private void rowsOfFloats() {
    graph.input("x", DataType.FP32, rows(), fixed(width));
  }

  private int rowWise() {
    rowsOfFloats();
    int hidden = 2 + random.nextInt(30);
    graph
        .floats("w", new long[] {width, hidden}, values(width * hidden))
        .floats("b", new long[] {hidden}, values(hidden))
        .node("MatMul", "x w", "xw")
        .node("Add", "xw b", "h");
    int variant = random.nextInt(4);
    switch (variant) {
      case 0 -> graph.node("Tanh", "h", "y");
      case 1 -> graph.node("Softmax", "h", "y", Attribute.number("axis", 1));
      case 2 ->
          graph
              .node("Relu", "h", "r")
              .node(
                  "LpNormalization",
                  "r",
                  "y",
                  Attribute.number("axis", 1),
                  Attribute.number("p", 2));
      default ->
          graph
              .node("Sigmoid", "h", "y")
              .node(
                  "ArgMax",
                  "h",
                  "label",
                  Attribute.number("axis", 1),
                  Attribute.number("keepdims", 0))
              .output("label", DataType.INT64, rows());
    }
    graph.output("y", DataType.FP32, rows(), fixed(hidden));
    return variant;
  }

  private int rowMixing() {
    rowsOfFloats();
    int variant = random.nextInt(6);
    switch (variant) {
      case 0 ->
          graph.node("ReduceMean", "x", "m", Attribute.numbers("axes", 0)).node("Sub", "x m", "y");
      case 1 -> // attention over rows
          graph
              .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0))
              .node("MatMul", "x xt", "scores")
              .node("Softmax", "scores", "weights", Attribute.number("axis", 1))
              .node("MatMul", "weights x", "y");
      case 2 -> graph.number("axis", 0).node("CumSum", "x axis", "y");
      case 3 -> // the rows in reverse order
          graph
              .longs("from", new long[] {1}, -1)
              .longs("to", new long[] {1}, Long.MIN_VALUE)
              .longs("axes", new long[] {1}, 0)
              .longs("steps", new long[] {1}, -1)
              .node("Slice", "x from to axes steps", "y");
      case 4 -> // each row beside the first
          graph
              .longs("first", new long[] {1}, 0)
              .node("Gather", "x first", "row", Attribute.number("axis", 0))
              .node("Sub", "x row", "y");
      default ->
          graph
              .node("ReduceMax", "x", "m", Attribute.numbers("axes", 0, 1))
              .node("Div", "x m", "y");
    }
    graph.output("y", DataType.FP32, rows(), fixed(width));
    return variant;
  }

  private int seldomMixing() {
    rowsOfFloats();
    int variant = random.nextInt(4);
    graph
        .node("ReduceMean", "x", "mean", Attribute.numbers("axes", 0))
        .node("Sub", "x mean", "off");
    switch (variant) {
      case 0 -> // from so many rows on
          graph
              .node("Shape", "x", "shape")
              .longs("first", new long[] {1}, 0)
              .longs("bound", new long[] {1}, 2 + random.nextInt(30))
              .node("Gather", "shape first", "count")
              .node("GreaterOrEqual", "count bound", "many")
              .node("Where", "many off x", "y")
              .output("y", DataType.FP32, rows(), fixed(width));
      case 1 -> // what lies far from the others
          outliers("flags", rows());
      case 2 -> { // beside values of its own
        outliers("flags", rows());
        graph.node("Tanh", "x", "y").output("y", DataType.FP32, rows(), fixed(width));
      }
      default -> // its place among the others
          graph
              .node("Shape", "x", "shape")
              .number("zero", 0)
              .number("one", 1)
              .node("Gather", "shape zero", "count")
              .node("Range", "zero count one", "places")
              .cast("places", "numbers", DataType.FP32)
              .longs("column", new long[] {1}, 1)
              .node("Unsqueeze", "numbers column", "place")
              .node("Add", "x place", "y")
              .output("y", DataType.FP32, rows(), fixed(width));
    }
    return variant;
  }

  /** Three standard deviations from the mean over the rows, which few rows never are. */
  private void outliers(String output, String rows) {
    graph
        .real("three", 3)
        .node("Mul", "off off", "squares")
        .node("ReduceMean", "squares", "variance", Attribute.numbers("axes", 0))
        .node("Sqrt", "variance", "deviation")
        .node("Mul", "deviation three", "far")
        .node("Abs", "off", "distance")
        .node("Greater", "distance far", "flagged")
        .cast("flagged", output, DataType.INT64)
        .output(output, DataType.INT64, rows, fixed(width));
  }

  private int stateful() {
    rowsOfFloats();
    int variant = random.nextInt(2);
    if (variant == 0) {
      OnnxGraph body =
          new OnnxGraph()
              .node("Add", "state row", "sum")
              .node("Identity", "sum", "next")
              .node("Tanh", "sum", "answer")
              .input("state", DataType.FP32, fixed(width))
              .input("row", DataType.FP32, fixed(width))
              .output("next", DataType.FP32, fixed(width))
              .output("answer", DataType.FP32, fixed(width));
      graph
          .floats("begin", new long[] {width}, new float[width])
          .node(
              "Scan",
              "begin x",
              "end y",
              Attribute.number("num_scan_inputs", 1),
              Attribute.graph("body", body));
    } else {
      OnnxGraph body =
          new OnnxGraph()
              .node("Gather", "x round", "row")
              .node("Max", "largest row", "next")
              .node("Identity", "next", "answer")
              .node("Identity", "going", "going_on")
              .input("round", DataType.INT64)
              .input("going", DataType.BOOL)
              .input("largest", DataType.FP32, fixed(width))
              .output("going_on", DataType.BOOL)
              .output("next", DataType.FP32, fixed(width))
              .output("answer", DataType.FP32, fixed(width));
      graph
          .node("Shape", "x", "shape")
          .number("zero", 0)
          .node("Gather", "shape zero", "count")
          .floats("begin", new long[] {width}, new float[width])
          .node("Loop", "count - begin", "end y", Attribute.graph("body", body));
    }
    graph.output("y", DataType.FP32, rows(), fixed(width));
    return variant;
  }

  private int shapeFollowing() {
    rowsOfFloats();
    int variant = random.nextInt(4);
    switch (variant) {
      case 0 ->
          graph
              .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0))
              .node("MatMul", "x xt", "y")
              .output("y", DataType.FP32, rows(), "");
      case 1 -> // adds the number of rows
          graph
              .node("Shape", "x", "shape")
              .longs("first", new long[] {1}, 0)
              .node("Gather", "shape first", "count")
              .cast("count", "floats", DataType.FP32)
              .node("Add", "x floats", "y")
              .output("y", DataType.FP32, rows(), fixed(width));
      case 2 ->
          graph
              .longs("flat", new long[] {2}, 1, -1)
              .node("Reshape", "x flat", "y")
              .output("y", DataType.FP32, "", "");
      default -> // one row of all
          graph
              .node("ReduceSum", "x", "y", Attribute.number("keepdims", 0))
              .output("y", DataType.FP32);
    }
    return variant;
  }

  private int dataDependent() {
    rowsOfFloats();
    int variant = random.nextInt(3);
    switch (variant) {
      case 0 ->
          graph
              .real("bound", 0.3f)
              .node("Greater", "x bound", "hits")
              .node("NonZero", "hits", "places")
              .node("Transpose", "places", "y", Attribute.numbers("perm", 1, 0))
              .output("y", DataType.INT64, "", "2");
      case 1 -> // the rows whose first value is positive
          graph
              .real("bound", 0)
              .longs("first", new long[] {1}, 0)
              .longs("flat", new long[] {1}, -1)
              .node("Gather", "x first", "column", Attribute.number("axis", 1))
              .node("Greater", "column bound", "flags")
              .node("Reshape", "flags flat", "keep")
              .node("Compress", "x keep", "y", Attribute.number("axis", 0))
              .output("y", DataType.FP32, "", fixed(width));
      default -> // as many columns as the row that has most
          graph
              .real("bound", 0.3f)
              .node("Greater", "x bound", "hits")
              .cast("hits", "ones", DataType.INT64)
              .longs("columns", new long[] {1}, 1)
              .node("ReduceSum", "ones columns", "counts", Attribute.number("keepdims", 0))
              .node("ReduceMax", "counts", "most", Attribute.number("keepdims", 1))
              .longs("from", new long[] {1}, 0)
              .longs("axes", new long[] {1}, 1)
              .node("Slice", "x from most axes", "y")
              .output("y", DataType.FP32, rows(), "");
    }
    return variant;
  }

  private int timeFirst() {
    int variant = random.nextInt(3);
    switch (variant) {
      case 0 -> {
        rowsOfFloats();
        graph
            .number("axis", 0)
            .node("CumSum", "x axis", "s")
            .node("Tanh", "s", "y")
            .output("y", DataType.FP32, rows(), fixed(width));
      }
      case 1 -> { // an LSTM over [time, 1, width]
        int hidden = 3;
        graph
            .input("x", DataType.FP32, rows(), "1", fixed(width))
            .floats("w", new long[] {1, 4L * hidden, width}, values(4 * hidden * width))
            .floats("r", new long[] {1, 4L * hidden, hidden}, values(4 * hidden * hidden))
            .longs("one", new long[] {1}, 1)
            .node("LSTM", "x w r", "h", Attribute.number("hidden_size", hidden))
            .node("Squeeze", "h one", "y")
            .output("y", DataType.FP32, rows(), "1", fixed(hidden));
      }
      default -> { // each moment and the one before
        rowsOfFloats();
        graph
            .longs("pads", new long[] {4}, 1, 0, 0, 0)
            .node("Pad", "x pads", "longer")
            .longs("from", new long[] {1}, 0)
            .longs("to", new long[] {1}, -1)
            .longs("axes", new long[] {1}, 0)
            .node("Slice", "longer from to axes", "before")
            .node("Add", "x before", "y")
            .output("y", DataType.FP32, rows(), fixed(width));
      }
    }
    return variant;
  }

  /**
   * Leaves the tokens' vectors in {@code tokens} and the mask of three dimensions in {@code m3}.
   */
  private void tokens() {
    String rows = rows();
    String sequence = random.nextBoolean() ? "sequence" : "";
    graph
        .input("input_ids", DataType.INT64, rows, sequence)
        .input("attention_mask", DataType.INT64, rows, sequence)
        .floats("table", new long[] {VOCABULARY, width}, values(VOCABULARY * width))
        .node("Gather", "table input_ids", "tokens")
        .cast("attention_mask", "mask", DataType.FP32)
        .longs("last", new long[] {1}, 2)
        .node("Unsqueeze", "mask last", "m3");
  }

  private int lastToken() {
    tokens();
    int variant = random.nextInt(2);
    if (variant == 0) {
      graph.node("Mul", "tokens m3", "masked");
    } else {
      graph
          .number("axis", 1)
          .node("Mul", "tokens m3", "own")
          .node("CumSum", "own axis", "masked"); // what came before counts, as in a decoder
    }
    graph
        .number("end", -1)
        .node("Gather", "masked end", "y", Attribute.number("axis", 1))
        .output("y", DataType.FP32, rows(), fixed(width));
    return variant;
  }

  private int meanWithoutMask() {
    tokens();
    int variant = random.nextInt(2);
    graph
        .node("Mul", "tokens m3", "masked")
        .node(
            "ReduceMean",
            variant == 0 ? "tokens" : "masked",
            "y",
            Attribute.numbers("axes", 1),
            Attribute.number("keepdims", 0))
        .output("y", DataType.FP32, rows(), fixed(width));
    return variant;
  }

  private int maskedMean(boolean positions) {
    tokens();
    int variant = random.nextInt(2);
    String vectors = "tokens";
    if (positions) {
      graph
          .floats("places", new long[] {128, width}, values(128 * width))
          .number("zero", 0)
          .number("one", 1)
          .node("Shape", "input_ids", "shape")
          .node("Gather", "shape one", "length", Attribute.number("axis", 0))
          .node("Range", "zero length one", "order")
          .node("Gather", "places order", "place")
          .node("Add", "tokens place", "placed");
      vectors = "placed";
    }
    graph.node("Mul", vectors + " m3", "masked").longs("axis", new long[] {1}, 1);
    if (variant == 0) {
      graph
          .node("ReduceSum", "masked axis", "sum", Attribute.number("keepdims", 0))
          .node("ReduceSum", "m3 axis", "count", Attribute.number("keepdims", 0))
          .node("Div", "sum count", "y")
          .output("y", DataType.FP32, rows(), fixed(width));
    } else {
      graph
          .node("Tanh", "masked", "y")
          .output("y", DataType.FP32, rows(), random.nextBoolean() ? "sequence" : "", fixed(width));
    }
    return variant;
  }

  private int recurrent() {
    int hidden = 3;
    int variant = random.nextInt(2);
    graph
        .input("x", DataType.FP32, rows(), random.nextBoolean() ? "time" : "", fixed(width))
        .floats("w", new long[] {1, 3L * hidden, width}, values(3 * hidden * width))
        .floats("r", new long[] {1, 3L * hidden, hidden}, values(3 * hidden * hidden))
        .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0, 2))
        .node("GRU", "xt w r", "all final", Attribute.number("hidden_size", hidden));
    if (variant == 0) {
      graph
          .longs("zero", new long[] {1}, 0)
          .node("Squeeze", "final zero", "y")
          .output("y", DataType.FP32, rows(), fixed(hidden));
    } else {
      graph
          .longs("one", new long[] {1}, 1)
          .node("Squeeze", "all one", "states")
          .node("Transpose", "states", "y", Attribute.numbers("perm", 1, 0, 2))
          .output("y", DataType.FP32, rows(), "", fixed(hidden));
    }
    return variant;
  }

  /** A request that the model may take, its rows and lengths by chance. */
  List<NamedTensor> request(BufferPool pool, Random chance, int rows) {
    int length = longest == 0 ? 0 : 1 + chance.nextInt(longest);
    return ofTokens ? tokenRequest(pool, chance, rows, length) : floats(pool, chance, rows, length);
  }

  private static List<NamedTensor> tokenRequest(
      BufferPool pool, Random chance, int rows, int length) {
    long[] ids = new long[rows * length];
    long[] mask = new long[rows * length];
    for (int row = 0; row < rows; row++) {
      int masked = chance.nextInt(4) == 0 ? chance.nextInt(length) : 0;
      for (int token = 0; token < length; token++) {
        ids[row * length + token] = chance.nextInt(VOCABULARY);
        mask[row * length + token] = token < length - masked ? 1 : 0;
      }
    }
    Shape shape = Shape.of(rows, length);
    return List.of(
        new NamedTensor("input_ids", Tensor.ofLongs(pool, shape, ids)),
        new NamedTensor("attention_mask", Tensor.ofLongs(pool, shape, mask)));
  }

  private List<NamedTensor> floats(BufferPool pool, Random chance, int rows, int length) {
    List<Long> dims = new ArrayList<>();
    dims.add((long) rows);
    if (length > 0) {
      dims.add((long) length);
    } else if (description.contains("TIME_FIRST, variant 1")) {
      dims.add(1L);
    }
    dims.add((long) width);
    Shape shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    float[] values = new float[(int) shape.elementCount()];
    float magnitude = (float) Math.pow(10, chance.nextInt(5) - 2);
    for (int index = 0; index < values.length; index++) {
      values[index] = chance.nextInt(9) == 0 ? 0 : (float) chance.nextGaussian() * magnitude;
    }
    return List.of(new NamedTensor("x", Tensor.ofFloats(pool, shape, values)));
  }
}
