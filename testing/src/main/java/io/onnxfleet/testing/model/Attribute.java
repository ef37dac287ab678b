package io.onnxfleet.testing.model;

import java.nio.charset.StandardCharsets;

/** An attribute of a node in an {@link OnnxGraph}. */
public final class Attribute {

  private static final int NAME = 1;
  private static final int TYPE = 20;

  private final Protobuf message;

  private Attribute(Protobuf message) {
    this.message = message;
  }

  public static Attribute number(String name, long value) {
    return new Attribute(named(name).number(3, value).number(TYPE, 2));
  }

  public static Attribute numbers(String name, long... values) {
    Protobuf message = named(name);
    for (long value : values) {
      message.number(8, value);
    }
    return new Attribute(message.number(TYPE, 7));
  }

  public static Attribute real(String name, float value) {
    return new Attribute(named(name).real(2, value).number(TYPE, 1));
  }

  public static Attribute text(String name, String value) {
    return new Attribute(named(name).text(4, value).number(TYPE, 3));
  }

  public static Attribute texts(String name, String... values) {
    Protobuf message = named(name);
    for (String value : values) {
      message.bytes(9, value.getBytes(StandardCharsets.UTF_8));
    }
    return new Attribute(message.number(TYPE, 8));
  }

  /** A subgraph, as it is now. */
  public static Attribute graph(String name, OnnxGraph value) {
    return new Attribute(named(name).message(6, value.graph()).number(TYPE, 5));
  }

  private static Protobuf named(String name) {
    return new Protobuf().text(NAME, name);
  }

  Protobuf message() {
    return message;
  }
}
