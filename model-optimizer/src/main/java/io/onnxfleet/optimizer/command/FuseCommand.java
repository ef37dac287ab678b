package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import io.onnxfleet.optimizer.simplify.ShapeFreezing;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fuse}: the same numbers with less work. */
@Command(
    name = "fuse",
    description = {
      "Rewrites the graph so that the same outputs take less work: what no output needs goes, and a"
          + " transformer's attention, embeddings, normalization and activations become one operator"
          + " each."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class FuseCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(names = "--no-fusion", description = "Fuse nothing.")
  private boolean noFusion;

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

  @Option(
      names = "--offline",
      paramLabel = "LEVEL",
      description =
          "Let ONNX Runtime optimise too and save what it made of the model: BASIC, EXTENDED or ALL."
              + " EXTENDED and ALL are for this runtime's version on the CPU, ALL for this kind of CPU.")
  private @Nullable OptimizationLevel offline;

  @Option(
      names = "--max-relative-error",
      paramLabel = "SHARE",
      defaultValue = "1e-4",
      converter = Fraction.Converter.class,
      description =
          "Refuse a result that is further from the original (default: ${DEFAULT-VALUE}).")
  private Fraction maxError;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    OnnxModel model = OnnxModel.read(files.input());
    int nodes = model.graph().nodes().size();
    if (!outputs.isEmpty()) {
      model.graph().keepOutputs(new LinkedHashSet<>(outputs));
    }
    freeze(model);
    int unused = model.graph().removeUnused();
    if (unused > 0) {
      out.println("unused: " + unused + " nodes and constants");
    }
    if (!noFusion) {
      out.println("fused: " + TransformerFusion.apply(model, TransformerFusion.Target.FP32));
    }
    out.printf("nodes: %d, before %d%n", model.graph().nodes().size(), nodes);
    try (Workspace workspace = Workspace.beside(files.output())) {
      write(model, workspace);
      if (!outputs.isEmpty() || !frozen.isEmpty()) {
        // Neither the outputs nor the inputs are the original's any more.
        Trial.load(workspace.file());
      } else {
        OutputError error = new Trial(samples, out, err).of(files.input(), workspace.file());
        if (!(error.relativeError() <= maxError.value())) {
          err.printf(
              Locale.ROOT,
              "optimize: the relative error is %.2e (expected: <= %.2e); nothing was written%n",
              error.relativeError(),
              maxError.value());
          return OptimizeCommand.REFUSED;
        }
      }
      workspace.publish();
    }
    out.println("written: " + files.output());
    return 0;
  }

  private void write(OnnxModel model, Workspace workspace) {
    if (offline == null) {
      model.write(workspace.file());
      return;
    }
    Path before = workspace.file("before.onnx");
    model.write(before);
    RunnableModel.openAndSave(before, new SessionSettings(1, offline), workspace.file()).close();
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
