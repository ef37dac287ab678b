package io.onnxfleet.optimizer.graph;

import com.google.protobuf.ByteString;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * One operator of a graph. Immutable, and compared by identity: two nodes with the same content are
 * two nodes. A missing optional input is the empty name.
 */
public final class Node {
  /** The domain of ONNX Runtime's own operators. */
  public static final String MICROSOFT_DOMAIN = "com.microsoft";

  /** The domain of ONNX's operators for classical models. */
  public static final String MACHINE_LEARNING_DOMAIN = "ai.onnx.ml";

  private final NodeProto proto;
  private final Set<String> captured;

  Node(NodeProto proto) {
    this.proto = proto;
    Set<String> names = new LinkedHashSet<>();
    for (AttributeProto attribute : proto.getAttributeList()) {
      if (attribute.hasG()) {
        addCaptured(attribute.getG(), names);
      }
      attribute.getGraphsList().forEach(graph -> addCaptured(graph, names));
    }
    captured = Set.copyOf(names);
  }

  /** What a subgraph uses and does not define itself: it comes from the graphs around it. */
  private static void addCaptured(GraphProto graph, Set<String> names) {
    Set<String> defined = new HashSet<>();
    graph.getInputList().forEach(input -> defined.add(input.getName()));
    graph.getInitializerList().forEach(tensor -> defined.add(tensor.getName()));
    graph.getSparseInitializerList().forEach(tensor -> defined.add(tensor.getValues().getName()));
    for (NodeProto node : graph.getNodeList()) {
      defined.addAll(node.getOutputList());
    }
    Set<String> used = new LinkedHashSet<>();
    for (NodeProto node : graph.getNodeList()) {
      used.addAll(node.getInputList());
      for (AttributeProto attribute : node.getAttributeList()) {
        if (attribute.hasG()) {
          addCaptured(attribute.getG(), used);
        }
        attribute.getGraphsList().forEach(inner -> addCaptured(inner, used));
      }
    }
    graph.getOutputList().forEach(output -> used.add(output.getName()));
    used.removeAll(defined);
    used.remove("");
    names.addAll(used);
  }

  public String operator() {
    return proto.getOpType();
  }

  /** The operator's domain; ONNX's own is the empty text. */
  public String domain() {
    return proto.getDomain().equals("ai.onnx") ? "" : proto.getDomain();
  }

  public String name() {
    return proto.getName();
  }

  /** For messages: the operator and its name, or its first output if it has none. */
  public String description() {
    String label = name().isEmpty() && !outputs().isEmpty() ? output() : name();
    return operator() + " '" + label + "'";
  }

  /** True for ONNX's operator of this name. */
  public boolean is(String operator) {
    return proto.getOpType().equals(operator) && domain().isEmpty();
  }

  public List<String> inputs() {
    return proto.getInputList();
  }

  /** The name of an input; empty where it is left out. */
  public String input(int index) {
    return index < proto.getInputCount() ? proto.getInput(index) : "";
  }

  public List<String> outputs() {
    return proto.getOutputList();
  }

  /** The name of the first output. */
  public String output() {
    return proto.getOutput(0);
  }

  /** Names of the graph around that the subgraphs of this node use. */
  public Set<String> captured() {
    return captured;
  }

  public Optional<AttributeProto> attribute(String name) {
    for (AttributeProto attribute : proto.getAttributeList()) {
      if (attribute.getName().equals(name)) {
        return Optional.of(attribute);
      }
    }
    return Optional.empty();
  }

  public long integer(String name, long otherwise) {
    return attribute(name).map(AttributeProto::getI).orElse(otherwise);
  }

  public float number(String name, float otherwise) {
    return attribute(name).map(AttributeProto::getF).orElse(otherwise);
  }

  public List<Long> integers(String name) {
    return attribute(name).map(AttributeProto::getIntsList).orElse(List.of());
  }

  /** Where among the inputs a name stands, if it does. */
  public OptionalInt inputIndex(String name) {
    int index = proto.getInputList().indexOf(name);
    return index < 0 ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /** The same node with other inputs. */
  public Node withInputs(List<String> inputs) {
    return new Node(proto.toBuilder().clearInput().addAllInput(inputs).build());
  }

  /** The same node with other outputs. */
  public Node withOutputs(List<String> outputs) {
    return new Node(proto.toBuilder().clearOutput().addAllOutput(outputs).build());
  }

  /** The same node with an attribute of a whole number, in place of the one it had. */
  public Node withInteger(String name, long value) {
    return new Node(
        without(name).proto.toBuilder()
            .addAttribute(
                AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value))
            .build());
  }

  /** The same node without an attribute. */
  public Node without(String name) {
    NodeProto.Builder builder = proto.toBuilder().clearAttribute();
    proto.getAttributeList().stream()
        .filter(attribute -> !attribute.getName().equals(name))
        .forEach(builder::addAttribute);
    return new Node(builder.build());
  }

  NodeProto proto() {
    return proto;
  }

  @Override
  public String toString() {
    return description();
  }

  /** A node of ONNX's own operators. */
  public static Builder of(String operator, String name) {
    return new Builder("", operator, name);
  }

  /** A node of ONNX Runtime's own operators. */
  public static Builder microsoft(String operator, String name) {
    return new Builder(MICROSOFT_DOMAIN, operator, name);
  }

  /** A node of ONNX's operators for classical models. */
  public static Builder machineLearning(String operator, String name) {
    return new Builder(MACHINE_LEARNING_DOMAIN, operator, name);
  }

  /** Puts a node together. */
  public static final class Builder {
    private final NodeProto.Builder proto = NodeProto.newBuilder();

    private Builder(String domain, String operator, String name) {
      proto.setOpType(operator).setName(name);
      if (!domain.isEmpty()) {
        proto.setDomain(domain);
      }
    }

    public Builder inputs(String... names) {
      proto.addAllInput(List.of(names));
      return this;
    }

    public Builder outputs(String... names) {
      proto.addAllOutput(List.of(names));
      return this;
    }

    public Builder with(String name, long value) {
      proto.addAttribute(
          AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value));
      return this;
    }

    public Builder with(String name, float value) {
      proto.addAttribute(
          AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value));
      return this;
    }

    public Builder with(String name, List<Long> values) {
      proto.addAttribute(
          AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS).addAllInts(values));
      return this;
    }

    public Builder with(String name, String value) {
      proto.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeType.STRING)
              .setS(ByteString.copyFromUtf8(value)));
      return this;
    }

    public Builder inputs(List<String> names) {
      proto.addAllInput(names);
      return this;
    }

    /** Takes over all attributes of another node. */
    public Builder withAll(Node other) {
      proto.addAllAttribute(other.proto().getAttributeList());
      return this;
    }

    public Builder withTexts(String name, List<String> values) {
      proto.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeType.STRINGS)
              .addAllStrings(values.stream().map(ByteString::copyFromUtf8).toList()));
      return this;
    }

    /** Takes over an attribute of another node, if that has it. */
    public Builder withSame(Node other, String name) {
      other.attribute(name).ifPresent(proto::addAttribute);
      return this;
    }

    public Node build() {
      return new Node(proto.build());
    }
  }

  /** The tensor of a Constant node, in whichever attribute it lies. */
  Optional<TensorProto> constantValue() {
    if (!is("Constant")) {
      return Optional.empty();
    }
    for (AttributeProto attribute : proto.getAttributeList()) {
      switch (attribute.getName()) {
        case "value" -> {
          return Optional.of(attribute.getT());
        }
        case "value_float" -> {
          return Optional.of(
              TensorProto.newBuilder()
                  .setDataType(ElementType.FLOAT.code())
                  .addFloatData(attribute.getF())
                  .build());
        }
        case "value_int" -> {
          return Optional.of(
              TensorProto.newBuilder()
                  .setDataType(ElementType.INT64.code())
                  .addInt64Data(attribute.getI())
                  .build());
        }
        case "value_floats" -> {
          return Optional.of(
              TensorProto.newBuilder()
                  .setDataType(ElementType.FLOAT.code())
                  .addDims(attribute.getFloatsCount())
                  .addAllFloatData(attribute.getFloatsList())
                  .build());
        }
        case "value_ints" -> {
          return Optional.of(
              TensorProto.newBuilder()
                  .setDataType(ElementType.INT64.code())
                  .addDims(attribute.getIntsCount())
                  .addAllInt64Data(attribute.getIntsList())
                  .build());
        }
        default -> {
          // Texts and sparse tensors are no concern of a pass.
        }
      }
    }
    return Optional.empty();
  }
}
