package io.onnxfleet.engine.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Real models on the real runtime: those whose rows are independent, and those whose are not. */
class RowProofTest {
  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);
  private final Path folder;

  RowProofTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void nothingLeaks() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private RowVerdict prove(String name, OnnxGraph graph) {
    Path file = graph.writeTo(folder.resolve(name.replace(' ', '-')));
    return prove(file, GraphFacts.of(file));
  }

  private RowVerdict prove(Path file, GraphFacts facts) {
    return prove(file, facts, SessionOptions.cpu(1));
  }

  private RowVerdict prove(Path file, GraphFacts facts, SessionOptions options) {
    try (ModelSession session = runtime.open(file, options)) {
      return new RowProof(
              session::run,
              List.of(
                  session.signature().inputs().stream()
                      .map(spec -> new SampleInput(spec.name(), spec.dataType(), spec.shape()))
                      .toList()),
              session.signature().outputs().stream().map(RowProof.Output::of).toList(),
              facts,
              pool,
              new RowProof.Effort(System::nanoTime, 2_000_000_000L, 32))
          .prove();
    }
  }

  private static OnnxGraph xy(String... outputDims) {
    return new OnnxGraph()
        .input("x", DataType.FP32, "batch", "4")
        .output("y", DataType.FP32, outputDims);
  }

  @TestFactory
  Stream<DynamicTest> prove_proves_whenEachRowIsAnsweredByItself() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put("affine", xy("batch", "3").weights("w", 4, 3).node("MatMul", "x w", "y"));
    models.put(
        "softmax over features",
        xy("batch", "4").node("Softmax", "x", "y", Attribute.number("axis", -1)));
    models.put(
        "layer norm",
        xy("batch", "4")
            .weights("scale", 4)
            .node("LayerNormalization", "x scale", "y", Attribute.number("axis", -1)));
    models.put(
        "wide perceptron",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "512")
            .output("y", DataType.FP32, "batch", "256")
            .weights("w1", 512, 700)
            .weights("w2", 700, 256)
            .node("MatMul", "x w1", "h")
            .node("Relu", "h", "r")
            .node("MatMul", "r w2", "y"));
    models.put(
        "embedding of ids within its table",
        new OnnxGraph()
            .input("ids", DataType.INT64, "batch", "length")
            .output("y", DataType.FP32, "batch", "length", "8")
            .weights("table", 7, 8)
            .node("Gather", "table ids", "y"));
    models.put(
        "embedding of ids that were cast and shifted",
        new OnnxGraph()
            .input("ids", DataType.INT32, "batch", "length")
            .output("y", DataType.FP32, "batch", "length", "8")
            .weights("table", 7, 8)
            .number("one", 1)
            .number("six", 6)
            .node("Cast", "ids", "wide", Attribute.number("to", 7))
            .node("Mod", "wide six", "less")
            .node("Add", "less one", "index")
            .node("Gather", "table index", "y"));
    models.put(
        "mean under a mask",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "length", "4")
            .input("attention_mask", DataType.INT64, "batch", "length")
            .output("y", DataType.FP32, "batch", "4")
            .longs("axis", new long[] {1}, 1)
            .longs("last", new long[] {1}, -1)
            .node("Cast", "attention_mask", "mask", Attribute.number("to", 1))
            .node("Unsqueeze", "mask last", "mask3")
            .node("Mul", "x mask3", "kept")
            .node("ReduceSum", "kept axis", "sum", Attribute.number("keepdims", 0))
            .node("ReduceSum", "mask3 axis", "count", Attribute.number("keepdims", 0))
            .node("Div", "sum count", "y"));
    models.put(
        "names of a sequence",
        new OnnxGraph()
            .input("x", DataType.FP32, "sequence", "4")
            .output("y", DataType.FP32, "sequence", "4")
            .node("Tanh", "x", "y"));
    models.put(
        "batch first recurrence",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "length", "3")
            .output("y", DataType.FP32, "batch", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .longs("zero", new long[] {1}, 0)
            .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0, 2))
            .node("LSTM", "xt w r", "all last", Attribute.number("hidden_size", 5))
            .node("Squeeze", "last zero", "y"));
    models.put(
        "texts by category",
        new OnnxGraph()
            .input("x", DataType.BYTES, "batch", "2")
            .output("y", DataType.INT64, "batch", "2")
            .nodeOfDomain(
                "ai.onnx.ml",
                "LabelEncoder",
                "x",
                "y",
                Attribute.texts("keys_strings", "red", "green"),
                Attribute.numbers("values_int64s", 3, 4)));
    models.put(
        "halfs",
        new OnnxGraph()
            .input("x", DataType.FP16, "batch", "64")
            .output("y", DataType.FP16, "batch", "64")
            .node("Softmax", "x", "y", Attribute.number("axis", -1)));
    models.put(
        "doubles",
        new OnnxGraph()
            .input("x", DataType.FP64, "batch", "4")
            .output("y", DataType.FP64, "batch", "4")
            .node("Exp", "x", "y"));
    models.put(
        "a decision",
        new OnnxGraph()
            .input("x", DataType.BOOL, "batch", "4")
            .output("y", DataType.BOOL, "batch", "4")
            .node("Not", "x", "y"));
    models.put(
        "NaN of zeros",
        xy("batch", "4")
            .longs("axis", new long[] {1}, 1)
            .node("ReduceSumSquare", "x", "s", Attribute.numbers("axes", 1))
            .node("Sqrt", "s", "norm")
            .node("Div", "x norm", "y"));
    models.put(
        "largest of a row",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "9")
            .output("values", DataType.FP32, "batch", "3")
            .output("places", DataType.INT64, "batch", "3")
            .longs("k", new long[] {1}, 3)
            .node("TopK", "x k", "values places"));
    return models.entrySet().stream()
        .map(
            model ->
                DynamicTest.dynamicTest(
                    model.getKey(),
                    () ->
                        assertThat(prove(model.getKey(), model.getValue()))
                            .isInstanceOf(RowVerdict.Proven.class)
                            .extracting(RowVerdict::reason)
                            .asString()
                            .contains("2, 3, 5 and 32 rows")));
  }

  @TestFactory
  Stream<DynamicTest> prove_refutes_whenARowsAnswerDependsOnItsCompany() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put(
        "pairwise",
        xy("batch", "other")
            .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0))
            .node("MatMul", "x xt", "y"));
    models.put(
        "z-score",
        xy("batch", "4")
            .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
            .node("Sub", "x m", "y"));
    models.put(
        "a hint of the mean",
        xy("batch", "4")
            .real("little", 1e-3f)
            .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
            .node("Mul", "m little", "hint")
            .node("Add", "x hint", "y"));
    models.put(
        "cumulative sum over rows",
        xy("batch", "4").number("axis", 0).node("CumSum", "x axis", "y"));
    models.put(
        "cumulative sum over rows from behind",
        xy("batch", "4")
            .number("axis", 0)
            .node("CumSum", "x axis", "y", Attribute.number("reverse", 1)));
    models.put(
        "softmax over rows",
        xy("batch", "4").node("Softmax", "x", "y", Attribute.number("axis", 0)));
    models.put(
        "largest of all rows",
        xy("batch", "4")
            .node("ReduceMax", "x", "m", Attribute.numbers("axes", 0))
            .node("Max", "x m", "y"));
    models.put(
        "sorted rows",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch")
            .output("y", DataType.FP32, "batch")
            .output("places", DataType.INT64, "batch")
            .node("Shape", "x", "k")
            .node("TopK", "x k", "y places", Attribute.number("axis", 0)));
    models.put(
        "the place of a row",
        xy("batch", "4")
            .number("zero", 0)
            .number("one", 1)
            .longs("first", new long[] {1}, 0)
            .longs("last", new long[] {1}, -1)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "rows")
            .node("Range", "zero rows one", "places")
            .node("Cast", "places", "floats", Attribute.number("to", 1))
            .node("Unsqueeze", "floats last", "column")
            .node("Add", "x column", "y"));
    models.put(
        "how many rows there are",
        xy("batch", "4")
            .number("zero", 0)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "rows")
            .node("Cast", "rows", "floats", Attribute.number("to", 1))
            .node("Mul", "x floats", "y"));
    models.put(
        "neighbours",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "length", "4")
            .output("y", DataType.FP32, "batch", "length", "4")
            .longs("mixed", new long[] {3}, 0, -1, 4)
            .node("Shape", "x", "shape")
            .longs("back", new long[] {3}, -1, 1, 4)
            .longs("swap", new long[] {3}, 1, 0, 2)
            .node("Gather", "shape swap", "swapped")
            .node("Reshape", "x swapped", "wrong")
            .node("ReduceMean", "wrong", "mean", Attribute.numbers("axes", 1))
            .node("Reshape", "wrong shape", "again")
            .node("Slice", "again starts ends axes", "part")
            .longs("starts", new long[] {1}, 0)
            .longs("ends", new long[] {1}, 1 << 20)
            .longs("axes", new long[] {1}, 0)
            .node("CumSum", "wrong second", "sums")
            .number("second", 1)
            .node("Reshape", "sums shape", "y"));
    models.put(
        "time first recurrence",
        new OnnxGraph()
            .input("x", DataType.FP32, "time", "1", "3")
            .output("y", DataType.FP32, "time", "1", "1", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .node("LSTM", "x w r", "y", Attribute.number("hidden_size", 5)));
    models.put(
        "time first recurrence backwards",
        new OnnxGraph()
            .input("x", DataType.FP32, "time", "1", "3")
            .output("y", DataType.FP32, "time", "1", "1", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .node(
                "LSTM",
                "x w r",
                "y",
                Attribute.number("hidden_size", 5),
                Attribute.text("direction", "reverse")));
    models.put(
        "attention over rows",
        new OnnxGraph()
            .input("x", DataType.FP32, "tokens", "4")
            .output("y", DataType.FP32, "tokens", "4")
            .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0))
            .node("MatMul", "x xt", "scores")
            .node("Softmax", "scores", "weights", Attribute.number("axis", -1))
            .node("MatMul", "weights x", "y"));
    models.put(
        "batch norm in training",
        new OnnxGraph()
            .opset(15)
            .input("x", DataType.FP32, "batch", "4")
            .output("y", DataType.FP32, "batch", "4")
            .weights("scale", 4)
            .weights("bias", 4)
            .floats("mean", new long[] {4}, 0, 0, 0, 0)
            .floats("variance", new long[] {4}, 1, 1, 1, 1)
            .node(
                "BatchNormalization",
                "x scale bias mean variance",
                "y newmean newvariance",
                Attribute.number("training_mode", 1)));
    models.put(
        "unequal rows once",
        xy("some", "4")
            .node("Unique", "x", "y", Attribute.number("axis", 0), Attribute.number("sorted", 0)));
    models.put(
        "the second size follows the rows",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "4")
            .output("y", DataType.FP32, "batch", "n")
            .number("zero", 0)
            .longs("first", new long[] {1}, 0)
            .longs("one", new long[] {1}, 1)
            .node("Shape", "x", "shape")
            .node("Slice", "shape first one", "rows")
            .node("Concat", "one rows", "repeats", Attribute.number("axis", 0))
            .node("Tile", "x repeats", "y"));
    models.put(
        "answers in the second dimension",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "1")
            .output("y", DataType.FP32, "one", "batch")
            .node("Transpose", "x", "y", Attribute.numbers("perm", 1, 0)));
    models.put(
        "only the second output",
        xy("batch", "4")
            .output("z", DataType.FP32, "batch", "4")
            .node("Neg", "x", "y")
            .node("ReduceMin", "x", "m", Attribute.numbers("axes", 0))
            .node("Add", "x m", "z"));
    models.put("a loop over rows", loopOverRows());
    models.put(
        "whole numbers compared with the first row",
        new OnnxGraph()
            .input("x", DataType.INT64, "batch", "3")
            .output("y", DataType.BOOL, "batch", "3")
            .longs("zero", new long[] {1}, 0)
            .node("Gather", "x zero", "first", Attribute.number("axis", 0))
            .node("Equal", "x first", "y"));
    return models.entrySet().stream()
        .map(
            model ->
                DynamicTest.dynamicTest(
                    model.getKey(),
                    () ->
                        assertThat(prove(model.getKey(), model.getValue()))
                            .isInstanceOf(RowVerdict.Refuted.class)));
  }

  @TestFactory
  Stream<DynamicTest> prove_refutes_whenOnlySomeValuesReachOtherRows() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put(
        "weights that are called a mask",
        xy("batch", "4")
            .input("loss_mask", DataType.FP32, "batch", "4")
            .node("ReduceMax", "loss_mask", "most", Attribute.number("keepdims", 0))
            .node("Mul", "x loss_mask", "weighed")
            .node("Div", "weighed most", "y"));
    models.put(
        "a mask of nothing",
        xy("batch", "4")
            .input("mask", DataType.INT64, "batch", "1")
            .node("ReduceMin", "mask", "least", Attribute.number("keepdims", 0))
            .node("Cast", "least", "number", Attribute.number("to", 1))
            .node("Add", "x number", "y"));
    models.put(
        "what is no number",
        xy("batch", "4")
            .real("nothing", 0)
            .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
            .node("Mul", "m nothing", "zeros")
            .node("Add", "x zeros", "y"));
    models.put(
        "large whole numbers",
        new OnnxGraph()
            .input("x", DataType.INT64, "batch", "4")
            .output("y", DataType.INT64, "batch", "4")
            .number("limit", 300)
            .node("ReduceMax", "x", "m", Attribute.numbers("axes", 0))
            .node("Greater", "m limit", "large")
            .node("Where", "large m x", "y"));
    models.put(
        "low numbers",
        xy("batch", "4")
            .real("limit", -500)
            .node("ReduceMin", "x", "m", Attribute.numbers("axes", 0))
            .node("Less", "m limit", "low")
            .node("Where", "low m x", "y"));
    models.put(
        "numbers near zero",
        xy("batch", "4")
            .real("zero", 0)
            .real("limit", 1e-4f)
            .node("Abs", "x", "a")
            .node("Less", "a limit", "small")
            .node("Greater", "a zero", "some")
            .node("And", "small some", "near")
            .node("Cast", "near", "counts", Attribute.number("to", 1))
            .node("ReduceMax", "counts", "any", Attribute.numbers("axes", 0))
            .node("Add", "x any", "y"));
    models.put(
        "long rows",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "length")
            .output("y", DataType.FP32, "batch", "length")
            .number("one", 1)
            .number("limit", 20)
            .node("Shape", "x", "shape")
            .node("Gather", "shape one", "length")
            .node("Greater", "length limit", "long")
            .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
            .node("Add", "x m", "mixed")
            .node("Where", "long mixed x", "y"));
    models.put(
        "scores beside large numbers",
        xy("batch", "8")
            .real("time", 1.7e9f)
            .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
            .node("Add", "x m", "scores")
            .node("Abs", "x", "a")
            .node("Add", "a time", "times")
            .node("Concat", "scores times", "y", Attribute.number("axis", 1)));
    return models.entrySet().stream()
        .map(
            model ->
                DynamicTest.dynamicTest(
                    model.getKey(),
                    () ->
                        assertThat(prove(model.getKey(), model.getValue()))
                            .isInstanceOf(RowVerdict.Refuted.class)));
  }

  @Test
  void prove_refutes_whenAnOperatorsRowIsMixedWithItsOwnMultiples() {
    OnnxGraph directions =
        xy("batch", "4")
            .node("ReduceL2", "x", "norm", Attribute.numbers("axes", 1))
            .node("Div", "x norm", "direction")
            .node("ReduceMean", "direction", "m", Attribute.numbers("axes", 0))
            .node("Mul", "m norm", "y");
    Path file = directions.writeTo(folder.resolve("directions"));
    ByteBuffer row = ByteBuffer.allocate(4 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    row.putFloat(1).putFloat(2).putFloat(3).putFloat(4);
    SampleInput example =
        new SampleInput("x", DataType.FP32, Shape.of(Shape.VARIABLE, 4), row.array());

    try (ModelSession session = runtime.open(file, SessionOptions.cpu(1))) {
      assertThat(
              new RowProof(
                      session::run,
                      List.of(List.of(example)),
                      List.of(new RowProof.Output("y", false)),
                      GraphFacts.of(file),
                      pool,
                      new RowProof.Effort(System::nanoTime, 2_000_000_000L, 32))
                  .prove())
          .isInstanceOf(RowVerdict.Refuted.class);
    }
  }

  /** Adds up the rows one after another. */
  private static OnnxGraph loopOverRows() {
    OnnxGraph body =
        new OnnxGraph()
            .node("Identity", "going", "going_out")
            .node("Gather", "x round", "row")
            .node("Add", "sum row", "sum_out")
            .node("Identity", "sum_out", "so_far")
            .input("round", DataType.INT64)
            .input("going", DataType.BOOL)
            .input("sum", DataType.FP32, "4")
            .output("going_out", DataType.BOOL)
            .output("sum_out", DataType.FP32, "4")
            .output("so_far", DataType.FP32, "4");
    return xy("batch", "4")
        .number("zero", 0)
        .floats("begin", new long[] {4}, 0, 0, 0, 0)
        .tensor("yes", DataType.BOOL, new long[] {}, new byte[] {1})
        .node("Shape", "x", "shape")
        .node("Gather", "shape zero", "rows")
        .node("Loop", "rows yes begin", "end y", Attribute.graph("body", body));
  }

  @TestFactory
  Stream<DynamicTest> prove_provesNothing_whenSizesFollowTheData() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put(
        "rows above a threshold",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "4")
            .output("y", DataType.FP32, "hits", "4")
            .real("half", 0.5f)
            .number("zero", 0)
            .node("Gather", "x zero", "scores", Attribute.number("axis", 1))
            .node("Greater", "scores half", "good")
            .node("Compress", "x good", "y", Attribute.number("axis", 0)));
    models.put(
        "places of what is not zero",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "4")
            .output("y", DataType.INT64, "found", "2")
            .node("NonZero", "x", "places")
            .node("Transpose", "places", "y", Attribute.numbers("perm", 1, 0)));
    models.put(
        "one hit a row, as long as values are usual",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "4")
            .output("y", DataType.FP32, "hits", "4")
            .real("limit", -1000)
            .number("zero", 0)
            .node("Gather", "x zero", "scores", Attribute.number("axis", 1))
            .node("Greater", "scores limit", "good")
            .node("Compress", "x good", "y", Attribute.number("axis", 0)));
    models.put(
        "hits behind each row",
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "6")
            .output("y", DataType.FP32, "batch", "hits")
            .floats("zeros", new long[] {1}, 0)
            .longs("all", new long[] {1}, -1)
            .longs("axis", new long[] {1}, 0)
            .node(
                "ReduceMax",
                "x",
                "best",
                Attribute.numbers("axes", 0),
                Attribute.number("keepdims", 0))
            .node("Greater", "best zeros", "good")
            .node("Compress", "x good", "y", Attribute.number("axis", 1)));
    return models.entrySet().stream()
        .map(
            model ->
                DynamicTest.dynamicTest(
                    model.getKey(),
                    () ->
                        assertThat(prove(model.getKey(), model.getValue()))
                            .isInstanceOf(RowVerdict.Unproven.class)
                            .extracting(RowVerdict::reason)
                            .asString()
                            .containsAnyOf("do not explain", "expected 1 along")));
  }

  @Test
  void prove_saysNotDeterministic_whenNumbersAreDrawn() {
    OnnxGraph drawn =
        xy("batch", "4").node("RandomUniformLike", "x", "noise").node("Add", "x noise", "y");
    Path file = drawn.writeTo(folder.resolve("random"));

    assertThat(prove(file, GraphFacts.of(file)).reason()).startsWith("not deterministic");
    assertThat(prove(file, GraphFacts.NONE).reason()).startsWith("not deterministic");
  }

  @Test
  void prove_wantsInputs_whenNoMadeUpOnesAreTaken() {
    OnnxGraph picky =
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "n")
            .output("y", DataType.FP32, "batch", "17")
            .weights("w", 17)
            .node("Add", "x w", "y");
    RowVerdict verdict = prove("picky", picky);

    // One element is broadcast along 17, which is as good as 17 of them.
    assertThat(verdict).isInstanceOf(RowVerdict.Proven.class);
    OnnxGraph pickier =
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "n")
            .output("y", DataType.FP32, "batch", "3")
            .weights("w", 17, 3)
            .node("MatMul", "x w", "y");
    assertThat(prove("pickier", pickier))
        .isInstanceOfSatisfying(
            RowVerdict.Unproven.class,
            unproven -> {
              assertThat(unproven.wantsInputs()).isTrue();
              assertThat(unproven.reason()).startsWith("the model refuses made-up inputs");
            });
  }

  @Test
  void prove_provesNothing_whenRowsTogetherAreRefused() {
    OnnxGraph one =
        xy("batch", "4").longs("shape", new long[] {2}, 1, 4).node("Reshape", "x shape", "y");

    assertThat(prove("one row", one))
        .isInstanceOf(RowVerdict.Unproven.class)
        .extracting(RowVerdict::reason)
        .asString()
        .startsWith("2 rows together are refused, though each alone is not");
  }

  @Test
  void prove_tellsTheRestOfAQuantizedModel_whenItsScalesAreFixed() throws IOException {
    OnnxGraph rowWise = quantized().node("Identity", "product", "y");
    OnnxGraph mixing =
        quantized()
            .node("ReduceMean", "product", "m", Attribute.numbers("axes", 0))
            .node("Sub", "product m", "y");

    assertThat(prove("quantized", rowWise)).isInstanceOf(RowVerdict.Refuted.class);
    assertThat(withFixedScales("quantized")).isInstanceOf(RowVerdict.Proven.class);
    assertThat(prove("quantized mixing", mixing)).isInstanceOf(RowVerdict.Refuted.class);
    assertThat(withFixedScales("quantized-mixing")).isInstanceOf(RowVerdict.Refuted.class);
  }

  private static OnnxGraph quantized() {
    byte[] weights = new byte[64 * 8];
    for (int index = 0; index < weights.length; index++) {
      weights[index] = (byte) (31 * index + 7);
    }
    return new OnnxGraph()
        .input("x", DataType.FP32, "batch", "64")
        .output("y", DataType.FP32, "batch", "8")
        .tensor("w", DataType.INT8, new long[] {64, 8}, weights)
        .real("ws", 0.02f)
        .node("DynamicQuantizeLinear", "x", "xq xs xz")
        .node("MatMulInteger", "xq w xz", "whole")
        .node("Cast", "whole", "float", Attribute.number("to", 1))
        .node("Mul", "xs ws", "scale")
        .node("Mul", "float scale", "product");
  }

  private RowVerdict withFixedScales(String name) throws IOException {
    Path copy = folder.resolve(name).resolve("copy.onnx");
    Path original = folder.resolve(name).resolve("model.onnx");
    assertThat(GraphFacts.of(original).quantizesActivations()).contains("DynamicQuantizeLinear");
    assertThat(FixedScales.write(original, copy)).isTrue();
    assertThat(GraphFacts.of(copy).quantizesActivations()).isEmpty();
    return prove(copy, GraphFacts.of(copy), SessionOptions.cpu(1).withoutOptimization());
  }

  @Test
  void prove_allowsOneQuantum_whenValuesAreRoundedByKnownScales() {
    OnnxGraph rounded =
        new OnnxGraph()
            .input("x", DataType.FP32, "batch", "300")
            .output("y", DataType.FP32, "batch", "200")
            .weights("w", 300, 200)
            .real("scale", 0.25f)
            .tensor("zero", DataType.UINT8, new long[] {}, new byte[] {(byte) 128})
            .node("MatMul", "x w", "product")
            .node("QuantizeLinear", "product scale zero", "q")
            .node("DequantizeLinear", "q scale zero", "y");

    assertThat(prove("rounded", rounded)).isInstanceOf(RowVerdict.Proven.class);
  }
}
