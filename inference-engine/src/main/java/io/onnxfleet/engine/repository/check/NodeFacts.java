package io.onnxfleet.engine.repository.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a node says of itself: its names and its attributes of one number. For one thread. */
final class NodeFacts {
  /** No rule asks for further ones; a hostile node may have any number. */
  private static final int MOST_PORTS = 16;

  private static final int MOST_ATTRIBUTES = 256;

  private final List<String> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Double> numbers = new HashMap<>();
  private final Set<String> parameters = new HashSet<>();
  private String name = "";
  private String operator = "";
  private String domain = "";

  /** A text, by the number of its field in ONNX's NodeProto. */
  void text(int field, String text) {
    switch (field) {
      case 1 -> addPort(inputs, text);
      case 2 -> addPort(outputs, text);
      case 3 -> name = text;
      case 4 -> operator = text;
      case 7 -> domain = text;
      default -> throw new IllegalArgumentException("field " + field + " (expected: a text's)");
    }
  }

  private static void addPort(List<String> ports, String name) {
    if (ports.size() < MOST_PORTS) {
      ports.add(name);
    }
  }

  void number(String attribute, double value) {
    if (numbers.size() < MOST_ATTRIBUTES) {
      numbers.put(attribute, value);
    }
  }

  /** An attribute that the caller of a function sets. */
  void parameter(String attribute) {
    if (parameters.size() < MOST_ATTRIBUTES) {
      parameters.add(attribute);
    }
  }

  String operator() {
    return operator;
  }

  String domain() {
    return domain;
  }

  /** For messages: its name, or where there is none the value that it computes. */
  String description() {
    String shown =
        name.isEmpty()
            ? "that computes '%s'"
                .formatted(Names.printable(outputs.isEmpty() ? "" : outputs.getFirst()))
            : "'%s'".formatted(Names.printable(name));
    return "node %s (%s)".formatted(shown, Names.printable(operator));
  }

  boolean hasInput(int index) {
    return index < inputs.size() && !inputs.get(index).isEmpty();
  }

  boolean hasOutput(int index) {
    return index < outputs.size() && !outputs.get(index).isEmpty();
  }

  /** Whether an attribute is, or may be, something else than 0. */
  boolean isSet(String attribute) {
    return numbers.getOrDefault(attribute, 0.0) != 0 || parameters.contains(attribute);
  }

  /** Whether an attribute is, or may be, that. */
  boolean mayBe(String attribute, double value) {
    return parameters.contains(attribute) || numbers.getOrDefault(attribute, 0.0) == value;
  }

  /** The value of an attribute as a message shows it. */
  String shown(String attribute) {
    double number = numbers.getOrDefault(attribute, 0.0);
    return parameters.contains(attribute)
        ? attribute + " as the caller of a function sets it"
        : attribute
            + " "
            + (number == Math.rint(number)
                ? Long.toString((long) number)
                : Double.toString(number));
  }
}
