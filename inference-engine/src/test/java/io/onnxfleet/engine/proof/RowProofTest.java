package io.onnxfleet.engine.proof;

import static io.onnxfleet.engine.proof.OnnxGraph.BOOL;
import static io.onnxfleet.engine.proof.OnnxGraph.DOUBLE;
import static io.onnxfleet.engine.proof.OnnxGraph.FLOAT;
import static io.onnxfleet.engine.proof.OnnxGraph.FLOAT16;
import static io.onnxfleet.engine.proof.OnnxGraph.INT32;
import static io.onnxfleet.engine.proof.OnnxGraph.INT64;
import static io.onnxfleet.engine.proof.OnnxGraph.INT8;
import static io.onnxfleet.engine.proof.OnnxGraph.STRING;
import static io.onnxfleet.engine.proof.OnnxGraph.UINT8;
import static io.onnxfleet.engine.proof.OnnxGraph.with;
import static io.onnxfleet.engine.proof.OnnxGraph.withTexts;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.proof.OnnxGraph.Message;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
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
    return new OnnxGraph().input("x", FLOAT, "batch", "4").output("y", FLOAT, outputDims);
  }

  @TestFactory
  Stream<DynamicTest> prove_proves_whenEachRowIsAnsweredByItself() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put("affine", xy("batch", "3").weights("w", 4, 3).node("MatMul", "x w", "y"));
    models.put(
        "softmax over features", xy("batch", "4").node("Softmax", "x", "y", with("axis", -1L)));
    models.put(
        "layer norm",
        xy("batch", "4")
            .weights("scale", 4)
            .node("LayerNormalization", "x scale", "y", with("axis", -1L)));
    models.put(
        "wide perceptron",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "512")
            .output("y", FLOAT, "batch", "256")
            .weights("w1", 512, 700)
            .weights("w2", 700, 256)
            .node("MatMul", "x w1", "h")
            .node("Relu", "h", "r")
            .node("MatMul", "r w2", "y"));
    models.put(
        "embedding of ids within its table",
        new OnnxGraph()
            .input("ids", INT64, "batch", "length")
            .output("y", FLOAT, "batch", "length", "8")
            .weights("table", 7, 8)
            .node("Gather", "table ids", "y"));
    models.put(
        "embedding of ids that were cast and shifted",
        new OnnxGraph()
            .input("ids", INT32, "batch", "length")
            .output("y", FLOAT, "batch", "length", "8")
            .weights("table", 7, 8)
            .longs("one", List.of(), 1)
            .longs("six", List.of(), 6)
            .node("Cast", "ids", "wide", with("to", 7L))
            .node("Mod", "wide six", "less")
            .node("Add", "less one", "index")
            .node("Gather", "table index", "y"));
    models.put(
        "mean under a mask",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "length", "4")
            .input("attention_mask", INT64, "batch", "length")
            .output("y", FLOAT, "batch", "4")
            .longs("axis", List.of(1L), 1)
            .longs("last", List.of(1L), -1)
            .node("Cast", "attention_mask", "mask", with("to", 1L))
            .node("Unsqueeze", "mask last", "mask3")
            .node("Mul", "x mask3", "kept")
            .node("ReduceSum", "kept axis", "sum", with("keepdims", 0L))
            .node("ReduceSum", "mask3 axis", "count", with("keepdims", 0L))
            .node("Div", "sum count", "y"));
    models.put(
        "names of a sequence",
        new OnnxGraph()
            .input("x", FLOAT, "sequence", "4")
            .output("y", FLOAT, "sequence", "4")
            .node("Tanh", "x", "y"));
    models.put(
        "batch first recurrence",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "length", "3")
            .output("y", FLOAT, "batch", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .longs("zero", List.of(1L), 0)
            .node("Transpose", "x", "xt", with("perm", List.of(1L, 0L, 2L)))
            .node("LSTM", "xt w r", "all last", with("hidden_size", 5L))
            .node("Squeeze", "last zero", "y"));
    models.put(
        "texts by category",
        new OnnxGraph()
            .input("x", STRING, "batch", "2")
            .output("y", INT64, "batch", "2")
            .node(
                "ai.onnx.ml",
                "LabelEncoder",
                "x",
                "y",
                withTexts("keys_strings", "red", "green"),
                with("values_int64s", List.of(3L, 4L))));
    models.put(
        "halfs",
        new OnnxGraph()
            .input("x", FLOAT16, "batch", "64")
            .output("y", FLOAT16, "batch", "64")
            .node("Softmax", "x", "y", with("axis", -1L)));
    models.put(
        "doubles",
        new OnnxGraph()
            .input("x", DOUBLE, "batch", "4")
            .output("y", DOUBLE, "batch", "4")
            .node("Exp", "x", "y"));
    models.put(
        "a decision",
        new OnnxGraph()
            .input("x", BOOL, "batch", "4")
            .output("y", BOOL, "batch", "4")
            .node("Not", "x", "y"));
    models.put(
        "NaN of zeros",
        xy("batch", "4")
            .longs("axis", List.of(1L), 1)
            .node("ReduceSumSquare", "x", "s", with("axes", List.of(1L)))
            .node("Sqrt", "s", "norm")
            .node("Div", "x norm", "y"));
    models.put(
        "largest of a row",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "9")
            .output("values", FLOAT, "batch", "3")
            .output("places", INT64, "batch", "3")
            .longs("k", List.of(1L), 3)
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
            .node("Transpose", "x", "xt", with("perm", List.of(1L, 0L)))
            .node("MatMul", "x xt", "y"));
    models.put(
        "z-score",
        xy("batch", "4")
            .node("ReduceMean", "x", "m", with("axes", List.of(0L)))
            .node("Sub", "x m", "y"));
    models.put(
        "a hint of the mean",
        xy("batch", "4")
            .floats("little", List.of(), 1e-3f)
            .node("ReduceMean", "x", "m", with("axes", List.of(0L)))
            .node("Mul", "m little", "hint")
            .node("Add", "x hint", "y"));
    models.put(
        "cumulative sum over rows",
        xy("batch", "4").longs("axis", List.of(), 0).node("CumSum", "x axis", "y"));
    models.put(
        "cumulative sum over rows from behind",
        xy("batch", "4")
            .longs("axis", List.of(), 0)
            .node("CumSum", "x axis", "y", with("reverse", 1L)));
    models.put("softmax over rows", xy("batch", "4").node("Softmax", "x", "y", with("axis", 0L)));
    models.put(
        "largest of all rows",
        xy("batch", "4")
            .node("ReduceMax", "x", "m", with("axes", List.of(0L)))
            .node("Max", "x m", "y"));
    models.put(
        "sorted rows",
        new OnnxGraph()
            .input("x", FLOAT, "batch")
            .output("y", FLOAT, "batch")
            .output("places", INT64, "batch")
            .node("Shape", "x", "k")
            .node("TopK", "x k", "y places", with("axis", 0L)));
    models.put(
        "the place of a row",
        xy("batch", "4")
            .longs("zero", List.of(), 0)
            .longs("one", List.of(), 1)
            .longs("first", List.of(1L), 0)
            .longs("last", List.of(1L), -1)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "rows")
            .node("Range", "zero rows one", "places")
            .node("Cast", "places", "floats", with("to", 1L))
            .node("Unsqueeze", "floats last", "column")
            .node("Add", "x column", "y"));
    models.put(
        "how many rows there are",
        xy("batch", "4")
            .longs("zero", List.of(), 0)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "rows")
            .node("Cast", "rows", "floats", with("to", 1L))
            .node("Mul", "x floats", "y"));
    models.put(
        "neighbours",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "length", "4")
            .output("y", FLOAT, "batch", "length", "4")
            .longs("mixed", List.of(3L), 0, -1, 4)
            .node("Shape", "x", "shape")
            .longs("back", List.of(3L), -1, 1, 4)
            .longs("swap", List.of(3L), 1, 0, 2)
            .node("Gather", "shape swap", "swapped")
            .node("Reshape", "x swapped", "wrong")
            .node("ReduceMean", "wrong", "mean", with("axes", List.of(1L)))
            .node("Reshape", "wrong shape", "again")
            .node("Slice", "again starts ends axes", "part")
            .longs("starts", List.of(1L), 0)
            .longs("ends", List.of(1L), 1 << 20)
            .longs("axes", List.of(1L), 0)
            .node("CumSum", "wrong second", "sums")
            .longs("second", List.of(), 1)
            .node("Reshape", "sums shape", "y"));
    models.put(
        "time first recurrence",
        new OnnxGraph()
            .input("x", FLOAT, "time", "1", "3")
            .output("y", FLOAT, "time", "1", "1", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .node("LSTM", "x w r", "y", with("hidden_size", 5L)));
    models.put(
        "time first recurrence backwards",
        new OnnxGraph()
            .input("x", FLOAT, "time", "1", "3")
            .output("y", FLOAT, "time", "1", "1", "5")
            .weights("w", 1, 20, 3)
            .weights("r", 1, 20, 5)
            .node("LSTM", "x w r", "y", with("hidden_size", 5L), with("direction", "reverse")));
    models.put(
        "attention over rows",
        new OnnxGraph()
            .input("x", FLOAT, "tokens", "4")
            .output("y", FLOAT, "tokens", "4")
            .node("Transpose", "x", "xt", with("perm", List.of(1L, 0L)))
            .node("MatMul", "x xt", "scores")
            .node("Softmax", "scores", "weights", with("axis", -1L))
            .node("MatMul", "weights x", "y"));
    models.put(
        "batch norm in training",
        new OnnxGraph()
            .opset(15)
            .input("x", FLOAT, "batch", "4")
            .output("y", FLOAT, "batch", "4")
            .weights("scale", 4)
            .weights("bias", 4)
            .floats("mean", List.of(4L), 0, 0, 0, 0)
            .floats("variance", List.of(4L), 1, 1, 1, 1)
            .node(
                "BatchNormalization",
                "x scale bias mean variance",
                "y newmean newvariance",
                with("training_mode", 1L)));
    models.put(
        "unequal rows once",
        xy("some", "4").node("Unique", "x", "y", with("axis", 0L), with("sorted", 0L)));
    models.put(
        "the second size follows the rows",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "4")
            .output("y", FLOAT, "batch", "n")
            .longs("zero", List.of(), 0)
            .longs("first", List.of(1L), 0)
            .longs("one", List.of(1L), 1)
            .node("Shape", "x", "shape")
            .node("Slice", "shape first one", "rows")
            .node("Concat", "one rows", "repeats", with("axis", 0L))
            .node("Tile", "x repeats", "y"));
    models.put(
        "answers in the second dimension",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "1")
            .output("y", FLOAT, "one", "batch")
            .node("Transpose", "x", "y", with("perm", List.of(1L, 0L))));
    models.put(
        "only the second output",
        xy("batch", "4")
            .output("z", FLOAT, "batch", "4")
            .node("Neg", "x", "y")
            .node("ReduceMin", "x", "m", with("axes", List.of(0L)))
            .node("Add", "x m", "z"));
    models.put("a loop over rows", loopOverRows());
    models.put(
        "whole numbers compared with the first row",
        new OnnxGraph()
            .input("x", INT64, "batch", "3")
            .output("y", BOOL, "batch", "3")
            .longs("zero", List.of(1L), 0)
            .node("Gather", "x zero", "first", with("axis", 0L))
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
            .input("loss_mask", FLOAT, "batch", "4")
            .node("ReduceMax", "loss_mask", "most", with("keepdims", 0L))
            .node("Mul", "x loss_mask", "weighed")
            .node("Div", "weighed most", "y"));
    models.put(
        "a mask of nothing",
        xy("batch", "4")
            .input("mask", INT64, "batch", "1")
            .node("ReduceMin", "mask", "least", with("keepdims", 0L))
            .node("Cast", "least", "number", with("to", 1L))
            .node("Add", "x number", "y"));
    models.put(
        "what is no number",
        xy("batch", "4")
            .floats("nothing", List.of(), 0)
            .node("ReduceMean", "x", "m", with("axes", List.of(0L)))
            .node("Mul", "m nothing", "zeros")
            .node("Add", "x zeros", "y"));
    models.put(
        "large whole numbers",
        new OnnxGraph()
            .input("x", INT64, "batch", "4")
            .output("y", INT64, "batch", "4")
            .longs("limit", List.of(), 300)
            .node("ReduceMax", "x", "m", with("axes", List.of(0L)))
            .node("Greater", "m limit", "large")
            .node("Where", "large m x", "y"));
    models.put(
        "low numbers",
        xy("batch", "4")
            .floats("limit", List.of(), -500)
            .node("ReduceMin", "x", "m", with("axes", List.of(0L)))
            .node("Less", "m limit", "low")
            .node("Where", "low m x", "y"));
    models.put(
        "numbers near zero",
        xy("batch", "4")
            .floats("zero", List.of(), 0)
            .floats("limit", List.of(), 1e-4f)
            .node("Abs", "x", "a")
            .node("Less", "a limit", "small")
            .node("Greater", "a zero", "some")
            .node("And", "small some", "near")
            .node("Cast", "near", "counts", with("to", 1L))
            .node("ReduceMax", "counts", "any", with("axes", List.of(0L)))
            .node("Add", "x any", "y"));
    models.put(
        "long rows",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "length")
            .output("y", FLOAT, "batch", "length")
            .longs("one", List.of(), 1)
            .longs("limit", List.of(), 20)
            .node("Shape", "x", "shape")
            .node("Gather", "shape one", "length")
            .node("Greater", "length limit", "long")
            .node("ReduceMean", "x", "m", with("axes", List.of(0L)))
            .node("Add", "x m", "mixed")
            .node("Where", "long mixed x", "y"));
    models.put(
        "scores beside large numbers",
        xy("batch", "8")
            .floats("time", List.of(), 1.7e9f)
            .node("ReduceMean", "x", "m", with("axes", List.of(0L)))
            .node("Add", "x m", "scores")
            .node("Abs", "x", "a")
            .node("Add", "a time", "times")
            .node("Concat", "scores times", "y", with("axis", 1L)));
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
            .node("ReduceL2", "x", "norm", with("axes", List.of(1L)))
            .node("Div", "x norm", "direction")
            .node("ReduceMean", "direction", "m", with("axes", List.of(0L)))
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
    Message body =
        new Message()
            .text(2, "body")
            .message(1, OnnxGraph.nodeOf("", "Identity", "going", "going_out"))
            .message(1, OnnxGraph.nodeOf("", "Gather", "x round", "row"))
            .message(1, OnnxGraph.nodeOf("", "Add", "sum row", "sum_out"))
            .message(1, OnnxGraph.nodeOf("", "Identity", "sum_out", "so_far"))
            .message(11, OnnxGraph.value("round", INT64))
            .message(11, OnnxGraph.value("going", BOOL))
            .message(11, OnnxGraph.value("sum", FLOAT, "4"))
            .message(12, OnnxGraph.value("going_out", BOOL))
            .message(12, OnnxGraph.value("sum_out", FLOAT, "4"))
            .message(12, OnnxGraph.value("so_far", FLOAT, "4"));
    return xy("batch", "4")
        .longs("zero", List.of(), 0)
        .floats("begin", List.of(4L), 0, 0, 0, 0)
        .tensor("yes", BOOL, List.of(), new byte[] {1})
        .node("Shape", "x", "shape")
        .node("Gather", "shape zero", "rows")
        .node("Loop", "rows yes begin", "end y", with("body", body));
  }

  @TestFactory
  Stream<DynamicTest> prove_provesNothing_whenSizesFollowTheData() {
    Map<String, OnnxGraph> models = new LinkedHashMap<>();
    models.put(
        "rows above a threshold",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "4")
            .output("y", FLOAT, "hits", "4")
            .floats("half", List.of(), 0.5f)
            .longs("zero", List.of(), 0)
            .node("Gather", "x zero", "scores", with("axis", 1L))
            .node("Greater", "scores half", "good")
            .node("Compress", "x good", "y", with("axis", 0L)));
    models.put(
        "places of what is not zero",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "4")
            .output("y", INT64, "found", "2")
            .node("NonZero", "x", "places")
            .node("Transpose", "places", "y", with("perm", List.of(1L, 0L))));
    models.put(
        "one hit a row, as long as values are usual",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "4")
            .output("y", FLOAT, "hits", "4")
            .floats("limit", List.of(), -1000)
            .longs("zero", List.of(), 0)
            .node("Gather", "x zero", "scores", with("axis", 1L))
            .node("Greater", "scores limit", "good")
            .node("Compress", "x good", "y", with("axis", 0L)));
    models.put(
        "hits behind each row",
        new OnnxGraph()
            .input("x", FLOAT, "batch", "6")
            .output("y", FLOAT, "batch", "hits")
            .floats("zeros", List.of(1L), 0)
            .longs("all", List.of(1L), -1)
            .longs("axis", List.of(1L), 0)
            .node("ReduceMax", "x", "best", with("axes", List.of(0L)), with("keepdims", 0L))
            .node("Greater", "best zeros", "good")
            .node("Compress", "x good", "y", with("axis", 1L)));
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
            .input("x", FLOAT, "batch", "n")
            .output("y", FLOAT, "batch", "17")
            .weights("w", 17)
            .node("Add", "x w", "y");
    RowVerdict verdict = prove("picky", picky);

    // One element is broadcast along 17, which is as good as 17 of them.
    assertThat(verdict).isInstanceOf(RowVerdict.Proven.class);
    OnnxGraph pickier =
        new OnnxGraph()
            .input("x", FLOAT, "batch", "n")
            .output("y", FLOAT, "batch", "3")
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
        xy("batch", "4").longs("shape", List.of(2L), 1, 4).node("Reshape", "x shape", "y");

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
            .node("ReduceMean", "product", "m", with("axes", List.of(0L)))
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
        .input("x", FLOAT, "batch", "64")
        .output("y", FLOAT, "batch", "8")
        .tensor("w", INT8, List.of(64L, 8L), weights)
        .floats("ws", List.of(), 0.02f)
        .node("DynamicQuantizeLinear", "x", "xq xs xz")
        .node("MatMulInteger", "xq w xz", "whole")
        .node("Cast", "whole", "float", with("to", 1L))
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
            .input("x", FLOAT, "batch", "300")
            .output("y", FLOAT, "batch", "200")
            .weights("w", 300, 200)
            .floats("scale", List.of(), 0.25f)
            .tensor("zero", UINT8, List.of(), new byte[] {(byte) 128})
            .node("MatMul", "x w", "product")
            .node("QuantizeLinear", "product scale zero", "q")
            .node("DequantizeLinear", "q scale zero", "y");

    assertThat(prove("rounded", rounded)).isInstanceOf(RowVerdict.Proven.class);
  }
}
