package io.onnxfleet.optimizer.simplify;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.TensorShapeProto.Dimension;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Gives dimensions that may vary one value, so that what depends on them is computed beforehand.
 */
public final class ShapeFreezing implements GraphPass {
  private final Map<String, List<Long>> frozen;

  /**
   * @param frozen by the name of an input its whole shape, or by the name of a dimension, such as
   *     {@code batch_size}, one number
   */
  public ShapeFreezing(Map<String, List<Long>> frozen) {
    this.frozen = Map.copyOf(frozen);
  }

  @Override
  public String name() {
    return "freeze";
  }

  @Override
  public Map<String, Object> parameters() {
    return new TreeMap<>(frozen);
  }

  /**
   * Changes a model.
   *
   * @throws OptimizerException if there is no such input or dimension, or the model says otherwise
   */
  @Override
  public PassReport apply(OnnxModel model) {
    Set<String> inputs = new LinkedHashSet<>();
    model.graph().requiredInputs().forEach(value -> inputs.add(value.getName()));
    Map<String, List<Long>> shapes = new HashMap<>();
    Map<String, Long> dimensions = new HashMap<>();
    frozen.forEach(
        (name, numbers) -> {
          if (inputs.contains(name)) {
            shapes.put(name, numbers);
          } else if (numbers.size() == 1) {
            dimensions.put(name, numbers.getFirst());
          } else {
            throw new OptimizerException(
                "--freeze %s=%s: no such input (expected one of: %s)"
                    .formatted(
                        name,
                        numbers.stream().map(String::valueOf).collect(Collectors.joining("x")),
                        inputs));
          }
        });
    freeze(model, shapes, dimensions);
    return List::of;
  }

  private static void freeze(
      OnnxModel model, Map<String, List<Long>> shapes, Map<String, Long> dimensions) {
    Graph graph = model.graph();
    Map<String, Long> named = new HashMap<>(dimensions);
    Set<String> inputs = new HashSet<>();
    Set<String> known = new TreeSet<>();
    for (ValueInfoProto input : graph.requiredInputs()) {
      inputs.add(input.getName());
      shape(input).getDimList().stream()
          .filter(Dimension::hasDimParam)
          .forEach(dimension -> known.add(dimension.getDimParam()));
      List<Long> wanted = shapes.get(input.getName());
      if (wanted != null) {
        collect(input, wanted, named);
      }
    }
    requireAll(shapes.keySet(), inputs, "input");
    requireAll(dimensions.keySet(), known, "dimension");
    dimensions.forEach((name, value) -> requirePositive(name, value));
    graph.redeclare(
        graph.inputs().stream()
            .map(input -> frozen(input, named, shapes.getOrDefault(input.getName(), List.of())))
            .toList(),
        graph.outputs().stream().map(output -> frozen(output, named, List.of())).toList());
    graph.forgetShapes();
  }

  private static void requireAll(Set<String> asked, Set<String> known, String what) {
    for (String name : asked) {
      if (!known.contains(name)) {
        throw new OptimizerException("%s '%s' (expected one of: %s)".formatted(what, name, known));
      }
    }
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new OptimizerException("%s: %d (expected: >= 1)".formatted(name, value));
    }
  }

  private static TensorShapeProto shape(ValueInfoProto info) {
    return info.getType().getTensorType().getShape();
  }

  /** The values that a whole shape gives to the named dimensions of an input. */
  private static void collect(ValueInfoProto input, List<Long> wanted, Map<String, Long> named) {
    List<Dimension> declared = shape(input).getDimList();
    if (declared.size() != wanted.size()) {
      throw new OptimizerException(
          "input '%s' has %d dimensions, not %d"
              .formatted(input.getName(), declared.size(), wanted.size()));
    }
    for (int axis = 0; axis < wanted.size(); axis++) {
      long value = wanted.get(axis);
      requirePositive("input '" + input.getName() + "'", value);
      Dimension dimension = declared.get(axis);
      if (dimension.hasDimValue() && dimension.getDimValue() != value) {
        throw new OptimizerException(
            "input '%s', dimension %d: %d (expected: %d, which the model says)"
                .formatted(input.getName(), axis, value, dimension.getDimValue()));
      }
      if (dimension.hasDimParam()) {
        Long other = named.put(dimension.getDimParam(), value);
        if (other != null && other != value) {
          throw new OptimizerException(
              "dimension '%s' cannot be both %d and %d"
                  .formatted(dimension.getDimParam(), other, value));
        }
      }
    }
  }

  private static ValueInfoProto frozen(
      ValueInfoProto info, Map<String, Long> named, List<Long> whole) {
    if (!info.getType().hasTensorType() || !info.getType().getTensorType().hasShape()) {
      return info;
    }
    ValueInfoProto.Builder builder = info.toBuilder();
    TensorShapeProto.Builder shape =
        builder.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
    for (int axis = 0; axis < shape.getDimCount(); axis++) {
      Dimension.Builder dimension = shape.getDimBuilder(axis);
      Long value = dimension.hasDimParam() ? named.get(dimension.getDimParam()) : null;
      if (value == null && !whole.isEmpty()) {
        value = whole.get(axis);
      }
      if (value != null) {
        dimension.setDimValue(value);
      }
    }
    return builder.build();
  }
}
