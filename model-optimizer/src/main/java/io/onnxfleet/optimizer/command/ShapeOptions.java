package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.simplify.ShapeFreezing;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** What a model takes and gives, where that is to be less than it could. */
final class ShapeOptions {
  @Option(
      names = "--keep-output",
      paramLabel = "NAME",
      description = "Drop all other outputs and what only they need; may be given several times.")
  private Set<String> outputs = Set.of();

  @Option(
      names = "--freeze",
      paramLabel = "NAME=N[xN...]",
      description =
          "Fix a dimension by its name (batch_size=1) or an input's whole shape (input_ids=1x128);"
              + " may be given several times.")
  private Map<String, String> frozen = Map.of();

  /** Whether inputs or outputs are other than before: such models cannot be compared. */
  boolean changeSomething() {
    return !outputs.isEmpty() || !frozen.isEmpty();
  }

  /** Changes a model, and removes what no output needs. */
  void apply(OnnxModel model, PrintWriter out) {
    if (!outputs.isEmpty()) {
      model.graph().keepOutputs(new LinkedHashSet<>(outputs));
    }
    freeze(model);
    int unused = model.graph().removeUnused();
    if (unused > 0) {
      out.println("unused: " + unused + " nodes and constants");
    }
  }

  private void freeze(OnnxModel model) {
    if (frozen.isEmpty()) {
      return;
    }
    Set<String> inputs = new LinkedHashSet<>();
    model.graph().requiredInputs().forEach(value -> inputs.add(value.getName()));
    Map<String, List<Long>> shapes = new HashMap<>();
    Map<String, Long> dimensions = new HashMap<>();
    frozen.forEach(
        (name, text) -> {
          List<Long> numbers = numbers(name, text);
          if (inputs.contains(name)) {
            shapes.put(name, numbers);
          } else if (numbers.size() == 1) {
            dimensions.put(name, numbers.getFirst());
          } else {
            throw new OptimizerException(
                "--freeze %s=%s: no such input (expected one of: %s)"
                    .formatted(name, text, inputs));
          }
        });
    ShapeFreezing.apply(model, shapes, dimensions);
  }

  private static List<Long> numbers(String name, String text) {
    List<Long> numbers = new ArrayList<>();
    try {
      for (String number : text.split("x", -1)) {
        numbers.add(Long.parseLong(number));
      }
    } catch (NumberFormatException malformed) {
      throw new OptimizerException(
          "--freeze %s=%s (expected: numbers such as 1x128)".formatted(name, text), malformed);
    }
    return numbers;
  }
}
