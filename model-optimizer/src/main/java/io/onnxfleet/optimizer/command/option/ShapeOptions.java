package io.onnxfleet.optimizer.command.option;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.simplify.OutputSelection;
import io.onnxfleet.optimizer.simplify.ShapeFreezing;
import io.onnxfleet.optimizer.simplify.UnusedRemoval;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** What a model takes and gives, where that is to be less than it could. */
public final class ShapeOptions {
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
  public boolean changeSomething() {
    return !outputs.isEmpty() || !frozen.isEmpty();
  }

  /** What makes it so, and removes what no output needs. */
  public List<Pass> passes() {
    List<Pass> passes = new ArrayList<>();
    if (!outputs.isEmpty()) {
      passes.add(new OutputSelection(outputs));
    }
    if (!frozen.isEmpty()) {
      Map<String, List<Long>> shapes = new HashMap<>();
      frozen.forEach((name, text) -> shapes.put(name, numbers(name, text)));
      passes.add(new ShapeFreezing(shapes));
    }
    passes.add(new UnusedRemoval());
    return passes;
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
