package io.onnxfleet.testing.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An ONNX model put together node by node. Nothing is checked: tests want wrong ones too.
 *
 * <ul>
 *   <li>Names of inputs and outputs stand in one text with spaces between them; {@code -} is one
 *       that is left out.
 *   <li>Dimensions are texts: a number is fixed, an empty one has neither size nor name, anything
 *       else is the name of a variable one.
 *   <li>Types are constants of any module's own enum, which all have the protocol's names.
 * </ul>
 *
 * <p>Not safe for threads.
 */
public final class OnnxGraph {

  private static final int IR_VERSION = 8;
  private static final String CLASSICAL = "ai.onnx.ml";
  private static final int CLASSICAL_VERSION = 3;
  private static final String DOMAIN = "test";

  private static final int NODE = 1;
  private static final int INITIALIZER = 5;
  private static final int INPUT = 11;
  private static final int OUTPUT = 12;

  private final Protobuf graph = new Protobuf().text(2, "tiny");
  private final Map<String, Integer> domains = new TreeMap<>();
  private final List<Protobuf> functions = new ArrayList<>();
  private final List<Protobuf> metadata = new ArrayList<>();
  private int opset = 17;

  /** Of the operators that have no domain. */
  public OnnxGraph opset(int version) {
    opset = version;
    return this;
  }

  public OnnxGraph node(String operator, String inputs, String outputs, Attribute... attributes) {
    graph.message(NODE, nodeOf(operator, inputs, outputs, attributes));
    return this;
  }

  /** A node of another domain. */
  public OnnxGraph nodeOfDomain(
      String domain, String operator, String inputs, String outputs, Attribute... attributes) {
    domains.put(domain, domain.equals(CLASSICAL) ? CLASSICAL_VERSION : 1);
    graph.message(NODE, nodeOf(operator, inputs, outputs, attributes).text(7, domain));
    return this;
  }

  private static Protobuf nodeOf(
      String operator, String inputs, String outputs, Attribute... attributes) {
    Protobuf node = new Protobuf();
    names(node, 1, inputs);
    names(node, 2, outputs);
    node.text(4, operator);
    for (Attribute attribute : attributes) {
      node.message(5, attribute.message());
    }
    return node;
  }

  private static void names(Protobuf node, int field, String names) {
    for (String name : names.isEmpty() ? new String[0] : names.split(" ", -1)) {
      node.text(field, name.equals("-") ? "" : name);
    }
  }

  public OnnxGraph cast(String input, String output, Enum<?> type) {
    return cast(input, output, ElementTypes.numberOf(type));
  }

  /** A cast to a type by its number in ONNX. */
  public OnnxGraph cast(String input, String output, int elementType) {
    return node("Cast", input, output, Attribute.number("to", elementType));
  }

  /** Maps with these keys out of rows. */
  public OnnxGraph zipMap(String input, String output, String... keys) {
    return nodeOfDomain(
        CLASSICAL, "ZipMap", input, output, Attribute.texts("classlabels_strings", keys));
  }

  /** A function of x that is one call of another, of itself or of Neg, so many times over. */
  public OnnxGraph function(String name, String called, int times) {
    Protobuf function = new Protobuf().text(1, name).text(10, DOMAIN).text(4, "x").text(5, "y");
    for (int call = 0; call < times; call++) {
      String from = call == 0 ? "x" : "v" + call;
      String to = call == times - 1 ? "y" : "v" + (call + 1);
      function.message(7, nodeOf(called, from, to).text(7, called.equals("Neg") ? "" : DOMAIN));
    }
    domains.put(DOMAIN, 1);
    functions.add(
        function
            .message(9, new Protobuf().text(1, "").number(2, opset))
            .message(9, new Protobuf().text(1, DOMAIN).number(2, 1)));
    return this;
  }

  /** y as such a function of x, over FP32 numbers. */
  public OnnxGraph call(String function) {
    return nodeOfDomain(DOMAIN, function, "x", "y")
        .declared(INPUT, "x", tensorType(ElementTypes.FLOAT, "n"))
        .declared(OUTPUT, "y", tensorType(ElementTypes.FLOAT, "n"));
  }

  public OnnxGraph floats(String name, long[] dims, float... values) {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      raw.putFloat(value);
    }
    return constant(name, ElementTypes.FLOAT, dims, values.length, raw.array());
  }

  public OnnxGraph longs(String name, long[] dims, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      raw.putLong(value);
    }
    return constant(name, ElementTypes.LONG, dims, values.length, raw.array());
  }

  /**
   * Values of any type.
   *
   * @param raw little-endian
   */
  public OnnxGraph tensor(String name, Enum<?> type, long[] dims, byte[] raw) {
    graph.message(INITIALIZER, tensor(name, ElementTypes.numberOf(type), dims).bytes(9, raw));
    return this;
  }

  /** A scalar. */
  public OnnxGraph number(String name, long value) {
    return longs(name, new long[0], value);
  }

  /** A scalar. */
  public OnnxGraph real(String name, float value) {
    return floats(name, new long[0], value);
  }

  /** A scalar that is an input too, and so may be overridden. */
  public OnnxGraph overridable(String name, float value) {
    return real(name, value).declared(INPUT, name, tensorType(ElementTypes.FLOAT));
  }

  /** A list of texts. */
  public OnnxGraph texts(String name, byte[]... values) {
    Protobuf tensor =
        new Protobuf().number(1, values.length).number(2, ElementTypes.TEXT).text(8, name);
    for (byte[] value : values) {
      tensor.bytes(6, value);
    }
    graph.message(INITIALIZER, tensor);
    return this;
  }

  /** Values that look drawn at random and are the same in every run. */
  public OnnxGraph weights(String name, long... dims) {
    float[] values = new float[(int) elements(dims)];
    long state = name.hashCode() * 2L + 1;
    for (int index = 0; index < values.length; index++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      values[index] = (state >> 40) / (float) (1 << 23);
    }
    return floats(name, dims, values);
  }

  /**
   * FP32 values that lie in another file.
   *
   * @param offset where they begin; 0 is not said
   */
  public OnnxGraph floatsIn(String location, long offset, String name, long... dims) {
    Protobuf tensor =
        tensor(name, ElementTypes.FLOAT, dims)
            .message(13, new Protobuf().text(1, "location").text(2, location));
    if (offset > 0) {
      tensor.message(13, new Protobuf().text(1, "offset").text(2, Long.toString(offset)));
    }
    graph.message(INITIALIZER, tensor.number(14, 1));
    return this;
  }

  private OnnxGraph constant(String name, int type, long[] dims, int count, byte[] raw) {
    if (elements(dims) != count) {
      throw new IllegalArgumentException(
          "%s: %d values (expected: as many as %s has)"
              .formatted(name, count, Arrays.toString(dims)));
    }
    graph.message(INITIALIZER, tensor(name, type, dims).bytes(9, raw));
    return this;
  }

  private static Protobuf tensor(String name, int type, long... dims) {
    Protobuf tensor = new Protobuf();
    for (long dim : dims) {
      tensor.number(1, dim);
    }
    return tensor.number(2, type).text(8, name);
  }

  private static long elements(long... dims) {
    return Arrays.stream(dims).reduce(1, (one, other) -> one * other);
  }

  public OnnxGraph input(String name, Enum<?> type, String... dims) {
    return declared(INPUT, name, tensorType(ElementTypes.numberOf(type), dims));
  }

  /** An input of which nothing but the element type is declared. */
  public OnnxGraph unrankedInput(String name, Enum<?> type) {
    Protobuf tensor = new Protobuf().number(1, ElementTypes.numberOf(type));
    return declared(INPUT, name, new Protobuf().message(1, tensor));
  }

  public OnnxGraph sequenceInput(String name, Enum<?> type, String... dims) {
    return declared(INPUT, name, sequenceType(tensorType(ElementTypes.numberOf(type), dims)));
  }

  public OnnxGraph output(String name, Enum<?> type, String... dims) {
    return declared(OUTPUT, name, tensorType(ElementTypes.numberOf(type), dims));
  }

  /** A scalar of a type by its number in ONNX. */
  public OnnxGraph outputOfElementType(String name, int elementType) {
    return declared(OUTPUT, name, tensorType(elementType));
  }

  public OnnxGraph sequenceOutput(String name, Enum<?> type, String... dims) {
    return declared(OUTPUT, name, sequenceType(tensorType(ElementTypes.numberOf(type), dims)));
  }

  /** A sequence of maps from texts to FP32. */
  public OnnxGraph mapOutput(String name) {
    Protobuf map =
        new Protobuf().number(1, ElementTypes.TEXT).message(2, tensorType(ElementTypes.FLOAT));
    return declared(OUTPUT, name, sequenceType(new Protobuf().message(5, map)));
  }

  private OnnxGraph declared(int field, String name, Protobuf type) {
    graph.message(field, valueOf(name, type));
    return this;
  }

  private static Protobuf valueOf(String name, Protobuf type) {
    return new Protobuf().text(1, name).message(2, type);
  }

  private static Protobuf tensorType(int elementType, String... dims) {
    Protobuf shape = new Protobuf();
    for (String dim : dims) {
      shape.message(1, dimension(dim));
    }
    return new Protobuf().message(1, new Protobuf().number(1, elementType).message(2, shape));
  }

  private static Protobuf dimension(String dim) {
    if (dim.isEmpty()) {
      return new Protobuf();
    }
    return dim.chars().allMatch(Character::isDigit)
        ? new Protobuf().number(1, Long.parseLong(dim))
        : new Protobuf().text(2, dim);
  }

  private static Protobuf sequenceType(Protobuf element) {
    return new Protobuf().message(4, new Protobuf().message(1, element));
  }

  /** A pair of the model's own. */
  public OnnxGraph metadata(String key, String value) {
    metadata.add(new Protobuf().text(1, key).text(2, value));
    return this;
  }

  Protobuf graph() {
    return graph;
  }

  /** The file. */
  public byte[] toByteArray() {
    Protobuf model =
        new Protobuf()
            .number(1, IR_VERSION)
            .message(7, graph)
            .message(8, new Protobuf().text(1, "").number(2, opset));
    domains.forEach(
        (domain, version) -> model.message(8, new Protobuf().text(1, domain).number(2, version)));
    functions.forEach(function -> model.message(25, function));
    metadata.forEach(pair -> model.message(14, pair));
    return model.toByteArray();
  }

  /** Writes {@code model.onnx} into the folder, which is made. */
  public Path writeTo(Path folder) {
    try {
      return Files.write(Files.createDirectories(folder).resolve("model.onnx"), toByteArray());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Writes version 1 of a model of that name into a model folder. */
  public Path writeTo(Path models, String name) {
    return writeTo(models, name, 1);
  }

  public Path writeTo(Path models, String name, int version) {
    return writeTo(models.resolve(name).resolve(Integer.toString(version)));
  }
}
