package io.onnxfleet.testing.model;

import io.onnxfleet.contract.inference.Datatype;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Models of a few nodes that several tests run. */
public final class TinyModel {

  private static final int OPSET = 19;
  private static final String MICROSOFT = "com.microsoft";

  private TinyModel() {}

  /** A graph of the operators that these models have. */
  public static OnnxGraph graph() {
    return new OnnxGraph().opset(OPSET);
  }

  /** y = x for one element type. */
  public static OnnxGraph identity(Enum<?> type, String... dims) {
    return graph().node("Identity", "x", "y").input("x", type, dims).output("y", type, dims);
  }

  /** y = 2x + 1 and z = -x over FP32 rows of three. */
  public static OnnxGraph affine() {
    return graph()
        .real("two", 2)
        .real("one", 1)
        .node("Mul", "x two", "doubled")
        .node("Add", "doubled one", "y")
        .node("Neg", "x", "z")
        .input("x", Datatype.FP32, "rows", "3")
        .output("y", Datatype.FP32, "rows", "3")
        .output("z", Datatype.FP32, "rows", "3");
  }

  /** y = kx over FP32 rows of three. */
  public static OnnxGraph times(float k) {
    return graph()
        .real("k", k)
        .node("Mul", "x k", "y")
        .input("x", Datatype.FP32, "rows", "3")
        .output("y", Datatype.FP32, "rows", "3");
  }

  /** y = x + x over FP32 rows. */
  public static OnnxGraph doubled(int columns) {
    return graph()
        .node("Add", "x x", "y")
        .input("x", Datatype.FP32, "rows", text(columns))
        .output("y", Datatype.FP32, "rows", text(columns));
  }

  /** y = a / b, which is NaN for 0 / 0, and z = a + b, over FP32 rows of two. */
  public static OnnxGraph quotientAndSum() {
    return graph()
        .node("Div", "a b", "y")
        .node("Add", "a b", "z")
        .input("a", Datatype.FP32, "rows", "2")
        .input("b", Datatype.FP32, "rows", "2")
        .output("y", Datatype.FP32, "rows", "2")
        .output("z", Datatype.FP32, "rows", "2");
  }

  /** y = xW over FP32 rows, with a square W of which each element has that value. */
  public static OnnxGraph matrix(int size, float value) {
    float[] elements = new float[size * size];
    Arrays.fill(elements, value);
    return product(size, graph().floats("w", new long[] {size, size}, elements));
  }

  /** The same, with W in another file, from an offset on. */
  public static OnnxGraph matrixIn(String location, long offset, int size) {
    return product(size, graph().floatsIn(location, offset, "w", size, size));
  }

  private static OnnxGraph product(int size, OnnxGraph weights) {
    return weights
        .node("MatMul", "x w", "y")
        .input("x", Datatype.FP32, "rows", text(size))
        .output("y", Datatype.FP32, "rows", text(size));
  }

  /** What such a W is as a file. */
  public static byte[] weights(int size, float value) {
    ByteBuffer weights =
        ByteBuffer.allocate(size * size * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int element = 0; element < size * size; element++) {
      weights.putFloat(value);
    }
    return weights.array();
  }

  /** Adds x to itself as often as the scalar n says, and so takes as long as asked. */
  public static OnnxGraph loop() {
    OnnxGraph body =
        graph()
            .node("Identity", "going", "going_out")
            .node("Add", "sum x", "sum_out")
            .input("round", Datatype.INT64)
            .input("going", Datatype.BOOL)
            .input("sum", Datatype.FP32, "1")
            .output("going_out", Datatype.BOOL)
            .output("sum_out", Datatype.FP32, "1");
    return graph()
        .node("Loop", "n going x", "y", Attribute.graph("body", body))
        .input("n", Datatype.INT64)
        .input("going", Datatype.BOOL)
        .input("x", Datatype.FP32, "1")
        .output("y", Datatype.FP32, "1");
  }

  /** y = x behind that many conditions one inside the other. */
  public static OnnxGraph nested(int depth) {
    OnnxGraph branch = graph().node("Identity", "x", "out0").output("out0", Datatype.FP32, "n");
    for (int level = 1; level < depth; level++) {
      String output = "out" + level;
      branch = condition(branch, output).output(output, Datatype.FP32, "n");
    }
    return condition(branch, "y")
        .input("c", Datatype.BOOL)
        .input("x", Datatype.FP32, "n")
        .output("y", Datatype.FP32, "n");
  }

  private static OnnxGraph condition(OnnxGraph branch, String output) {
    return graph()
        .node(
            "If",
            "c",
            output,
            Attribute.graph("then_branch", branch),
            Attribute.graph("else_branch", branch));
  }

  /**
   * A pool whose mask of one element ONNX Runtime reads as if it were as large as the picture: ends
   * the process where a picture is large, and runs where it is small.
   *
   * @param height of the picture
   * @param width of the picture
   */
  public static OnnxGraph poolBeyondItsMask(String height, String width) {
    return pool(graph(), "x").input("x", Datatype.FP32, "1", "1", height, width);
  }

  /** The same for pictures of that size alone, which the declaration does not say. */
  public static OnnxGraph poolOfOneSizeBeyondItsMask(int size) {
    OnnxGraph model =
        graph()
            .longs("dims", new long[] {4}, 1, 1, size, size)
            .node("Reshape", "x dims", "picture");
    return pool(model, "picture").input("x", Datatype.FP32, "1", "1", "height", "width");
  }

  private static OnnxGraph pool(OnnxGraph model, String picture) {
    return model
        .nodeOfDomain(
            MICROSOFT,
            "MaxpoolWithMask",
            picture + " mask",
            "y",
            Attribute.numbers("kernel_shape", 2, 2))
        .input("mask", Datatype.INT32, "1", "1", "1", "1")
        .output("y", Datatype.FP32, "1", "1", "a", "b");
  }

  private static String text(int size) {
    return Integer.toString(size);
  }
}
