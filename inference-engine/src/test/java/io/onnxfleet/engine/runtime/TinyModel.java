package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.DataType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * An ONNX model put together in a test. Dimensions are declared as texts: a number is fixed,
 * anything else is the name of a variable one.
 */
public final class TinyModel {
  private static final int IR_VERSION = 8;
  private static final int ATTRIBUTE_TYPE = 20;
  private static final String DOMAIN = "test";

  /** Sides of matrices of 1,079,520, 76,812 and 10,212 bytes. */
  static final int[] ODD = {520, 519, 37, 69};

  private final Protobuf graph = new Protobuf().text(2, "tiny");
  private final List<Protobuf> metadata = new ArrayList<>();
  private final List<Protobuf> functions = new ArrayList<>();
  private final List<Protobuf> domains = new ArrayList<>();

  /** y = 2x + 1 and z = -x over FP32 rows of three. */
  public static TinyModel affine() {
    return new TinyModel()
        .constant("two", 2)
        .constant("one", 1)
        .node("Mul", "x two", "doubled")
        .node("Add", "doubled one", "y")
        .node("Neg", "x", "z")
        .input("x", DataType.FP32, "rows", "3")
        .output("y", DataType.FP32, "rows", "3")
        .output("z", DataType.FP32, "rows", "3");
  }

  /** y = kx over FP32 rows of three. */
  public static TinyModel times(float k) {
    return new TinyModel()
        .constant("k", k)
        .node("Mul", "x k", "y")
        .input("x", DataType.FP32, "rows", "3")
        .output("y", DataType.FP32, "rows", "3");
  }

  /** y = xW over FP32 rows, with a square W of which each element has that value. */
  public static TinyModel matrix(int size, float value) {
    byte[] weights = weights(size, value);
    return matrix(
        size,
        new Protobuf()
            .number(1, size)
            .number(1, size)
            .number(2, ElementType.numberOf(DataType.FP32))
            .text(8, "w")
            .bytes(9, weights));
  }

  /**
   * y = xWV over FP32 rows, with weights of one and of less than a megabyte whose sizes are no
   * multiples of a register's.
   */
  static TinyModel oddMatrices(Random random) {
    TinyModel model = new TinyModel();
    model.graph.message(5, random(random, "w", ODD[0], ODD[1]));
    model.graph.message(5, random(random, "v", ODD[1], ODD[2]));
    model.graph.message(5, random(random, "u", ODD[2], ODD[3]));
    return model
        .node("MatMul", "x w", "xw")
        .node("MatMul", "xw v", "xwv")
        .node("MatMul", "xwv u", "y")
        .input("x", DataType.FP32, "rows", Integer.toString(ODD[0]))
        .output("y", DataType.FP32, "rows", Integer.toString(ODD[3]));
  }

  private static Protobuf random(Random random, String name, int rows, int columns) {
    ByteBuffer raw =
        ByteBuffer.allocate(rows * columns * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int element = 0; element < rows * columns; element++) {
      raw.putFloat((float) random.nextGaussian());
    }
    return new Protobuf()
        .number(1, rows)
        .number(1, columns)
        .number(2, ElementType.numberOf(DataType.FP32))
        .text(8, name)
        .bytes(9, raw.array());
  }

  /** The same, with W in another file, from an offset on. */
  public static TinyModel matrixIn(String location, long offset, int size) {
    return matrix(
        size,
        new Protobuf()
            .number(1, size)
            .number(1, size)
            .number(2, ElementType.numberOf(DataType.FP32))
            .text(8, "w")
            .message(13, new Protobuf().text(1, "location").text(2, location))
            .message(13, new Protobuf().text(1, "offset").text(2, Long.toString(offset)))
            .number(14, 1));
  }

  private static TinyModel matrix(int size, Protobuf weights) {
    TinyModel model = new TinyModel();
    model.graph.message(5, weights);
    return model
        .node("MatMul", "x w", "y")
        .input("x", DataType.FP32, "rows", Integer.toString(size))
        .output("y", DataType.FP32, "rows", Integer.toString(size));
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

  /** y = x for one element type. */
  static TinyModel identity(DataType type, String... dims) {
    return new TinyModel()
        .node("Identity", "x", "y")
        .input("x", type, dims)
        .output("y", type, dims);
  }

  /** Adds x to itself as often as the input {@code n} says. */
  public static TinyModel loop() {
    Protobuf body =
        new Protobuf()
            .text(2, "body")
            .message(1, nodeOf("Identity", "going", "going_out"))
            .message(1, nodeOf("Add", "sum x", "sum_out"))
            .message(11, value("round", tensorType(DataType.INT64)))
            .message(11, value("going", tensorType(DataType.BOOL)))
            .message(11, value("sum", tensorType(DataType.FP32, "1")))
            .message(12, value("going_out", tensorType(DataType.BOOL)))
            .message(12, value("sum_out", tensorType(DataType.FP32, "1")));
    Protobuf attribute = new Protobuf().text(1, "body").message(6, body).number(ATTRIBUTE_TYPE, 5);
    TinyModel model = new TinyModel();
    model.graph.message(1, nodeOf("Loop", "n going x", "y").message(5, attribute));
    return model
        .input("n", DataType.INT64)
        .input("going", DataType.BOOL)
        .input("x", DataType.FP32, "1")
        .output("y", DataType.FP32, "1");
  }

  /**
   * A pool whose mask of one element ONNX Runtime reads as if it were as large as the picture: ends
   * the process where a picture is large, and runs where it is small.
   *
   * @param size height and width of the picture
   */
  public static TinyModel poolBeyondItsMask(String size) {
    return new TinyModel().pool("x").input("x", DataType.FP32, "1", "1", size, size);
  }

  /** The same for pictures of that size alone, which the declaration does not say. */
  public static TinyModel poolOfOneSizeBeyondItsMask(int size) {
    TinyModel model = new TinyModel();
    ByteBuffer dims = ByteBuffer.allocate(4 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    dims.putLong(1).putLong(1).putLong(size).putLong(size);
    model.graph.message(
        5,
        new Protobuf()
            .number(1, 4)
            .number(2, ElementType.numberOf(DataType.INT64))
            .text(8, "dims")
            .bytes(9, dims.array()));
    return model
        .node("Reshape", "x dims", "picture")
        .pool("picture")
        .input("x", DataType.FP32, "1", "1", "height", "width");
  }

  private TinyModel pool(String picture) {
    Protobuf kernel =
        new Protobuf().text(1, "kernel_shape").number(8, 2).number(8, 2).number(ATTRIBUTE_TYPE, 7);
    Protobuf node = nodeOf("MaxpoolWithMask", picture + " mask", "y").message(5, kernel);
    graph.message(1, node.text(7, "com.microsoft"));
    domains.add(new Protobuf().text(1, "com.microsoft").number(2, 1));
    return input("mask", DataType.INT32, "1", "1", "1", "1")
        .output("y", DataType.FP32, "1", "1", "a", "b");
  }

  TinyModel node(String operator, String inputs, String outputs) {
    graph.message(1, nodeOf(operator, inputs, outputs));
    return this;
  }

  /** A node of the domain of classical machine learning, with lists of texts as attributes. */
  TinyModel zipMap(String input, String output, String... keys) {
    Protobuf labels = new Protobuf().text(1, "classlabels_strings");
    for (String key : keys) {
      labels.text(9, key);
    }
    graph.message(
        1,
        nodeOf("ZipMap", input, output)
            .message(5, labels.number(ATTRIBUTE_TYPE, 8))
            .text(7, "ai.onnx.ml"));
    return this;
  }

  /** A cast to an element type by its number in ONNX. */
  TinyModel cast(String input, String output, int elementType) {
    Protobuf to = new Protobuf().text(1, "to").number(3, elementType).number(ATTRIBUTE_TYPE, 2);
    graph.message(1, nodeOf("Cast", input, output).message(5, to));
    return this;
  }

  TinyModel input(String name, DataType type, String... dims) {
    graph.message(11, value(name, tensorType(type, dims)));
    return this;
  }

  /** An input of which nothing but the element type is declared. */
  TinyModel unrankedInput(String name, DataType type) {
    Protobuf tensor = new Protobuf().number(1, ElementType.numberOf(type));
    graph.message(11, value(name, new Protobuf().message(1, tensor)));
    return this;
  }

  TinyModel sequenceInput(String name, DataType type, String... dims) {
    graph.message(11, value(name, sequenceType(tensorType(type, dims))));
    return this;
  }

  TinyModel output(String name, DataType type, String... dims) {
    graph.message(12, value(name, tensorType(type, dims)));
    return this;
  }

  TinyModel outputOfElementType(String name, int elementType) {
    Protobuf tensor = new Protobuf().number(1, elementType).message(2, new Protobuf());
    graph.message(12, value(name, new Protobuf().message(1, tensor)));
    return this;
  }

  TinyModel sequenceOutput(String name, DataType type, String... dims) {
    graph.message(12, value(name, sequenceType(tensorType(type, dims))));
    return this;
  }

  TinyModel mapOutput(String name) {
    Protobuf map =
        new Protobuf()
            .number(1, ElementType.numberOf(DataType.BYTES))
            .message(2, tensorType(DataType.FP32));
    graph.message(12, value(name, sequenceType(new Protobuf().message(5, map))));
    return this;
  }

  /** A scalar that is no input. */
  TinyModel constant(String name, float value) {
    graph.message(5, tensor(name, DataType.FP32, value));
    return this;
  }

  /** That many zeros that are no input. */
  TinyModel zeros(String name, int count) {
    graph.message(
        5,
        new Protobuf()
            .number(1, count)
            .number(2, ElementType.numberOf(DataType.FP32))
            .text(8, name)
            .bytes(9, new byte[count * Float.BYTES]));
    return this;
  }

  /** Integers that are no input. */
  TinyModel integers(String name, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asLongBuffer().put(values);
    graph.message(
        5,
        new Protobuf()
            .number(1, values.length)
            .number(2, ElementType.numberOf(DataType.INT64))
            .text(8, name)
            .bytes(9, raw.array()));
    return this;
  }

  /** An initializer that is an input too, and so may be overridden. */
  TinyModel overridable(String name, float value) {
    return constant(name, value).input(name, DataType.FP32);
  }

  /** A list of texts that is no input. */
  TinyModel texts(String name, byte[]... values) {
    Protobuf tensor =
        new Protobuf()
            .number(1, values.length)
            .number(2, ElementType.numberOf(DataType.BYTES))
            .text(8, name);
    for (byte[] value : values) {
      tensor.bytes(6, value);
    }
    graph.message(5, tensor);
    return this;
  }

  /** A function of x that is one call of another, or of itself, so many times over. */
  TinyModel function(String name, String called, int times) {
    Protobuf function = new Protobuf().text(1, name).text(10, DOMAIN).text(4, "x").text(5, "y");
    for (int call = 0; call < times; call++) {
      String from = call == 0 ? "x" : "v" + call;
      String to = call == times - 1 ? "y" : "v" + (call + 1);
      function.message(7, nodeOf(called, from, to).text(7, called.equals("Neg") ? "" : DOMAIN));
    }
    functions.add(
        function
            .message(9, new Protobuf().text(1, "").number(2, 19))
            .message(9, new Protobuf().text(1, DOMAIN).number(2, 1)));
    return this;
  }

  /** y as a function of x. */
  TinyModel call(String function) {
    graph.message(1, nodeOf(function, "x", "y").text(7, DOMAIN));
    return input("x", DataType.FP32, "n").output("y", DataType.FP32, "n");
  }

  /** y = x behind that many conditions one inside the other. */
  public static TinyModel nested(int depth) {
    Protobuf branch =
        new Protobuf()
            .text(2, "innermost")
            .message(1, nodeOf("Identity", "x", "out0"))
            .message(12, value("out0", tensorType(DataType.FP32, "n")));
    for (int level = 1; level < depth; level++) {
      branch =
          new Protobuf()
              .text(2, "level" + level)
              .message(1, condition(branch, "out" + level))
              .message(12, value("out" + level, tensorType(DataType.FP32, "n")));
    }
    TinyModel model = new TinyModel();
    model.graph.message(1, condition(branch, "y"));
    return model
        .input("c", DataType.BOOL)
        .input("x", DataType.FP32, "n")
        .output("y", DataType.FP32, "n");
  }

  private static Protobuf condition(Protobuf branch, String output) {
    Protobuf node = nodeOf("If", "c", output);
    for (String attribute : List.of("then_branch", "else_branch")) {
      node.message(
          5, new Protobuf().text(1, attribute).message(6, branch).number(ATTRIBUTE_TYPE, 5));
    }
    return node;
  }

  TinyModel metadata(String key, String value) {
    metadata.add(new Protobuf().text(1, key).text(2, value));
    return this;
  }

  /** Writes {@code model.onnx} into the folder. */
  public Path writeTo(Path folder) {
    Protobuf model =
        new Protobuf()
            .number(1, IR_VERSION)
            .message(7, graph)
            .message(8, new Protobuf().text(1, "").number(2, 19))
            .message(8, new Protobuf().text(1, "ai.onnx.ml").number(2, 3))
            .message(8, new Protobuf().text(1, DOMAIN).number(2, 1));
    domains.forEach(domain -> model.message(8, domain));
    functions.forEach(function -> model.message(25, function));
    metadata.forEach(pair -> model.message(14, pair));
    try {
      return Files.write(folder.resolve("model.onnx"), model.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Protobuf nodeOf(String operator, String inputs, String outputs) {
    Protobuf node = new Protobuf();
    for (String input : inputs.split(" ", -1)) {
      node.text(1, input);
    }
    for (String output : outputs.split(" ", -1)) {
      node.text(2, output);
    }
    return node.text(4, operator);
  }

  private static Protobuf value(String name, Protobuf type) {
    return new Protobuf().text(1, name).message(2, type);
  }

  private static Protobuf tensorType(DataType type, String... dims) {
    Protobuf shape = new Protobuf();
    for (String dim : dims) {
      boolean fixed = dim.chars().allMatch(Character::isDigit);
      shape.message(
          1, fixed ? new Protobuf().number(1, Long.parseLong(dim)) : new Protobuf().text(2, dim));
    }
    Protobuf tensor = new Protobuf().number(1, ElementType.numberOf(type)).message(2, shape);
    return new Protobuf().message(1, tensor);
  }

  private static Protobuf sequenceType(Protobuf element) {
    return new Protobuf().message(4, new Protobuf().message(1, element));
  }

  private static Protobuf tensor(String name, DataType type, float scalar) {
    byte[] raw =
        ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(scalar).array();
    return new Protobuf().number(2, ElementType.numberOf(type)).text(8, name).bytes(9, raw);
  }
}
