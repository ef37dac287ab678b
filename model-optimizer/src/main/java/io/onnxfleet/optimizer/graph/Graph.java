package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The main graph of a model, open to change. Values are names, defined once: by an input, a
 * constant or a node. A rewrite never renames a value that lives on: the node that replaces another
 * writes the same output, so that what subgraphs capture stays true.
 *
 * <p>Not thread-safe. Order is restored by {@link #sort} before a model is written.
 */
public final class Graph {
  private final GraphProto rest;
  private final Set<Node> nodes = new LinkedHashSet<>();
  private final Map<String, Node> producers = new HashMap<>();
  private final Map<String, Set<Node>> consumers = new HashMap<>();
  private final Map<String, Initializer> initializers = new LinkedHashMap<>();
  private final Map<String, ValueInfoProto> values = new LinkedHashMap<>();
  private final List<ValueInfoProto> inputs;
  private final List<ValueInfoProto> outputs;

  /** Inputs may be given by callers, and then a constant of that name is only a default. */
  private final boolean inputsOverride;

  Graph(GraphProto proto, List<Initializer> constants, boolean inputsOverride) {
    this.inputsOverride = inputsOverride;
    rest = proto.toBuilder().clearNode().clearInput().clearOutput().clearValueInfo().build();
    inputs = new ArrayList<>(proto.getInputList());
    outputs = new ArrayList<>(proto.getOutputList());
    for (Initializer constant : constants) {
      if (initializers.put(constant.name(), constant) != null) {
        throw new OptimizerException("initializer '" + constant.name() + "' is defined twice");
      }
    }
    proto.getValueInfoList().forEach(info -> values.put(info.getName(), info));
    proto.getNodeList().forEach(node -> add(new Node(node)));
  }

  public List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /**
   * Makes sure that names are those of nodes.
   *
   * @param role what the names are for, for the message
   */
  public void requireNodes(Set<String> names, String role) {
    Set<String> unknown = new HashSet<>(names);
    nodes.forEach(node -> unknown.remove(node.name()));
    if (!unknown.isEmpty()) {
      throw new OptimizerException(
          "%s '%s' (expected: the name of a node)".formatted(role, unknown.iterator().next()));
    }
  }

  public List<ValueInfoProto> inputs() {
    return Collections.unmodifiableList(inputs);
  }

  public List<ValueInfoProto> outputs() {
    return Collections.unmodifiableList(outputs);
  }

  public boolean isOutput(String value) {
    return outputs.stream().anyMatch(output -> output.getName().equals(value));
  }

  private boolean isInput(String value) {
    return inputs.stream().anyMatch(input -> input.getName().equals(value));
  }

  /** What a caller must give: the inputs that are not merely listed constants. */
  public List<ValueInfoProto> requiredInputs() {
    return inputs.stream().filter(input -> !isInitializer(input.getName())).toList();
  }

  public Optional<Node> producer(String value) {
    return Optional.ofNullable(producers.get(value));
  }

  /** The nodes that use a value, in their subgraphs too. */
  public List<Node> consumers(String value) {
    return List.copyOf(consumers.getOrDefault(value, Set.of()));
  }

  /**
   * The only user of a value that nothing else sees; empty if there are more or it is an output.
   */
  public Optional<Node> onlyConsumer(String value) {
    Set<Node> users = consumers.getOrDefault(value, Set.of());
    if (users.size() != 1 || isOutput(value)) {
      return Optional.empty();
    }
    Node user = users.iterator().next();
    return user.captured().contains(value) ? Optional.empty() : Optional.of(user);
  }

  /** Whether a name is that of a constant that the graph holds. */
  public boolean isInitializer(String name) {
    return initializers.containsKey(name);
  }

  /**
   * The constant behind a name: an initializer that no caller can override, or the value of a
   * Constant node. Empty where the value is only known at run time or its elements are text.
   */
  public Optional<Tensor> constant(String name) {
    @Nullable Initializer initializer = initializers.get(name);
    if (initializer != null) {
      return inputsOverride && isInput(name) ? Optional.empty() : initializer.tensor();
    }
    return producer(name).flatMap(Node::constantValue).flatMap(Tensor::of);
  }

  /** The only element of a constant FP32 tensor. */
  public Optional<Float> scalar(String name) {
    return constant(name)
        .filter(tensor -> tensor.type() == ElementType.FLOAT && tensor.elements() == 1)
        .map(tensor -> tensor.floatBuffer().get(0));
  }

  /** The elements of a constant tensor of integers. */
  public Optional<long[]> integers(String name) {
    return constant(name)
        .filter(tensor -> tensor.type() == ElementType.INT64 || tensor.type() == ElementType.INT32)
        .map(Tensor::longs);
  }

  /** The declared type and shape of a value, where the model says them. */
  public Optional<ValueInfoProto> declaration(String value) {
    @Nullable ValueInfoProto info = values.get(value);
    if (info != null) {
      return Optional.of(info);
    }
    for (List<ValueInfoProto> list : List.of(inputs, outputs)) {
      for (ValueInfoProto declared : list) {
        if (declared.getName().equals(value)) {
          return Optional.of(declared);
        }
      }
    }
    return Optional.empty();
  }

  public void add(Node node) {
    for (String output : node.outputs()) {
      if (output.isEmpty()) {
        continue;
      }
      @Nullable Node other = producers.putIfAbsent(output, node);
      if (other != null) {
        throw new OptimizerException(
            "'%s' is written by %s and by %s".formatted(output, other, node));
      }
    }
    nodes.add(node);
    uses(node)
        .forEach(name -> consumers.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(node));
  }

  public void remove(Node node) {
    if (!nodes.remove(node)) {
      throw new IllegalStateException(node + " is not in the graph");
    }
    node.outputs().forEach(producers::remove);
    uses(node).forEach(name -> consumers.getOrDefault(name, new LinkedHashSet<>()).remove(node));
  }

  private static Set<String> uses(Node node) {
    Set<String> names = new LinkedHashSet<>(node.inputs());
    names.addAll(node.captured());
    names.remove("");
    return names;
  }

  /** Takes nodes out and puts others in, which may write the same values. */
  public void replace(List<Node> old, List<Node> fresh) {
    old.forEach(this::remove);
    fresh.forEach(this::add);
  }

  /** Adds a constant. */
  public String addConstant(String name, Tensor tensor) {
    if (isInitializer(name) || producers.containsKey(name) || isInput(name)) {
      throw new IllegalArgumentException("'" + name + "' exists already");
    }
    initializers.put(name, Initializer.of(name, tensor));
    return name;
  }

  /** The names of all constants, those of Constant nodes among them. */
  public List<String> constants() {
    List<String> names = new ArrayList<>(initializers.keySet());
    nodes.stream().filter(node -> node.is("Constant")).forEach(node -> names.add(node.output()));
    return names;
  }

  /** Puts another tensor in the place of a constant. */
  public void replaceConstant(String name, Tensor tensor) {
    removeConstant(name);
    initializers.put(name, Initializer.of(name, tensor));
  }

  /** Puts a node that writes the same value in the place of a constant. */
  public void replaceConstant(String name, Node node) {
    removeConstant(name);
    inputs.removeIf(input -> input.getName().equals(name));
    add(node);
  }

  private void removeConstant(String name) {
    @Nullable Node node = producers.get(name);
    if (node != null && node.is("Constant")) {
      remove(node);
    } else if (initializers.remove(name) == null) {
      throw new IllegalArgumentException("'" + name + "' is no constant");
    }
  }

  /** A name that no value has yet: the one asked for, or with a number behind it. */
  public String freshName(String wanted) {
    String name = wanted;
    for (int number = 1; isKnown(name); number++) {
      name = wanted + "_" + number;
    }
    return name;
  }

  private boolean isKnown(String name) {
    return producers.containsKey(name)
        || isInitializer(name)
        || isInput(name)
        || consumers.containsKey(name);
  }

  /** Keeps only the outputs that are named. */
  public void keepOutputs(Set<String> names) {
    for (String name : names) {
      if (!isOutput(name)) {
        throw new OptimizerException(
            "output '%s' (expected one of: %s)"
                .formatted(name, outputs.stream().map(ValueInfoProto::getName).toList()));
      }
    }
    outputs.removeIf(output -> !names.contains(output.getName()));
  }

  /**
   * Makes a value an output too, of the type that ONNX Runtime finds it to have; does nothing if it
   * is one.
   */
  public void addOutput(String value) {
    if (!isOutput(value)) {
      outputs.add(declaration(value).orElse(ValueInfoProto.newBuilder().setName(value).build()));
    }
  }

  /** Takes constants out of the list of inputs, where early versions of ONNX wanted them. */
  void hideConstants() {
    inputs.removeIf(input -> initializers.containsKey(input.getName()));
  }

  /** Replaces the declarations of inputs and outputs, of which there are as many as before. */
  public void redeclare(List<ValueInfoProto> newInputs, List<ValueInfoProto> newOutputs) {
    inputs.clear();
    inputs.addAll(newInputs);
    outputs.clear();
    outputs.addAll(newOutputs);
  }

  /** Forgets what the model says of the shapes between inputs and outputs. */
  public void forgetShapes() {
    values.clear();
  }

  /**
   * Removes nodes, constants and declarations that no output needs.
   *
   * @return how many nodes and constants went
   */
  public int removeUnused() {
    Deque<String> needed = new ArrayDeque<>();
    outputs.forEach(output -> needed.add(output.getName()));
    Set<Node> alive = new HashSet<>();
    Set<String> names = new HashSet<>();
    while (!needed.isEmpty()) {
      String name = needed.remove();
      if (!names.add(name)) {
        continue;
      }
      @Nullable Node node = producers.get(name);
      if (node != null && alive.add(node)) {
        needed.addAll(uses(node));
        needed.addAll(node.outputs());
      }
    }
    int before = nodes.size() + initializers.size();
    nodes().stream().filter(node -> !alive.contains(node)).forEach(this::remove);
    inputs.removeIf(
        input -> initializers.containsKey(input.getName()) && !names.contains(input.getName()));
    initializers.keySet().removeIf(name -> !names.contains(name));
    values.keySet().removeIf(name -> !names.contains(name));
    return before - nodes.size() - initializers.size();
  }

  /**
   * The nodes so that each stands after those whose values it uses; otherwise as they stand.
   *
   * @throws OptimizerException naming a node of a circle, or a value that nothing defines
   */
  public List<Node> sort() {
    Map<Node, Integer> missing = new HashMap<>();
    Deque<Node> ready = new ArrayDeque<>();
    for (Node node : nodes) {
      int count = 0;
      for (String name : uses(node)) {
        if (producers.containsKey(name)) {
          count++;
        } else if (!isInput(name) && !isInitializer(name) && !isSparse(name)) {
          throw new OptimizerException(
              "%s uses '%s', which nothing defines".formatted(node.description(), name));
        }
      }
      missing.put(node, count);
      if (count == 0) {
        ready.add(node);
      }
    }
    List<Node> sorted = new ArrayList<>(nodes.size());
    while (!ready.isEmpty()) {
      Node node = ready.remove();
      sorted.add(node);
      for (String output : node.outputs()) {
        for (Node user : consumers.getOrDefault(output, Set.of())) {
          if (missing.merge(user, -1, Integer::sum) == 0) {
            ready.add(user);
          }
        }
      }
    }
    if (sorted.size() != nodes.size()) {
      Node stuck =
          nodes.stream()
              .filter(node -> missing.getOrDefault(node, 0) > 0)
              .findFirst()
              .orElseThrow();
      throw new OptimizerException("the graph runs in a circle through " + stuck.description());
    }
    for (ValueInfoProto output : outputs) {
      String name = output.getName();
      if (!producers.containsKey(name) && !isInput(name) && !isInitializer(name)) {
        throw new OptimizerException("nothing defines the output '" + name + "'");
      }
    }
    return sorted;
  }

  private boolean isSparse(String name) {
    return rest.getSparseInitializerList().stream()
        .anyMatch(tensor -> tensor.getValues().getName().equals(name));
  }

  Collection<Initializer> initializers() {
    return initializers.values();
  }

  /** All but the initializers. */
  GraphProto.Builder frame() {
    GraphProto.Builder proto = rest.toBuilder();
    sort().forEach(node -> proto.addNode(node.proto()));
    return proto.addAllInput(inputs).addAllOutput(outputs).addAllValueInfo(values.values());
  }
}
