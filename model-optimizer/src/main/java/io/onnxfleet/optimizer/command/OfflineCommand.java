package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.ShapeOptions;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.SamenessGate;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code optimize}: what ONNX Runtime would do at each start, once and for all. */
@Command(
    name = "optimize",
    description = {
      "Optimises a model for a provider and saves what came of it: what no output needs goes,"
          + " transformers are fused where the provider knows the operators, and ONNX Runtime's own"
          + " graph optimisation is done beforehand."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class OfflineCommand implements Callable<Integer> {
  /** Where a model is to run, and how far it can be prepared for that. */
  enum Provider {
    /** ONNX Runtime's own kernels on this kind of CPU, whose layout of convolutions is chosen. */
    CPU(OptimizationLevel.ALL, true),
    /** The same on any CPU. */
    ANY_CPU(OptimizationLevel.EXTENDED, true),
    /** Knows the fused operators, but not the CPU's layouts. */
    CUDA(OptimizationLevel.BASIC, true),
    /** Compiles the graph itself, from ONNX's own operators. */
    TENSORRT(OptimizationLevel.BASIC, false),
    /** Likewise. */
    OPENVINO(OptimizationLevel.BASIC, false);

    private final OptimizationLevel level;
    private final boolean fused;

    Provider(OptimizationLevel level, boolean fused) {
      this.level = level;
      this.fused = fused;
    }
  }

  @Mixin private ModelFiles files;

  @Option(
      names = "--provider",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description =
          "Where it is to run: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, this kind of it).")
  private Provider provider;

  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description =
          "ONNX Runtime's optimisations: ${COMPLETION-CANDIDATES} (default: all that the provider can"
              + " do with).")
  private @Nullable OptimizationLevel level;

  @Option(names = "--no-fusion", description = "Fuse no more than ONNX Runtime does.")
  private boolean noFusion;

  @Mixin private ShapeOptions shapes;

  @Mixin private SamenessGate gate;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    int nodes = OnnxModel.read(files.input()).graph().nodes().size();
    try (Workspace workspace = Workspace.beside(files.output())) {
      Rewriting rewriting = new Rewriting(files.input(), workspace, out, err);
      rewriting.apply(shapes.passes());
      if (provider.fused && !noFusion) {
        rewriting.apply(new TransformerFusion(TransformerFusion.Target.FP32));
      }
      SessionSettings settings = new SessionSettings(1, level == null ? provider.level : level);
      RunnableModel.openAndSave(rewriting.draft().file(), settings, workspace.file()).close();
      out.printf(
          "nodes: %d, before %d%n", OnnxModel.read(workspace.file()).graph().nodes().size(), nodes);
      return gate.publish(files, workspace, !shapes.changeSomething(), out, err);
    }
  }
}
