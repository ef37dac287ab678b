package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.ShapeOptions;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.SamenessGate;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
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
      if (!noFusion) {
        rewriting.apply(new TransformerFusion(TransformerFusion.Target.FP32));
      }
      OnnxModel model = rewriting.draft().model();
      out.printf("nodes: %d, before %d%n", model.graph().nodes().size(), nodes);
      model.write(workspace.file());
      return gate.publish(files, workspace, !shapes.changeSomething(), out, err);
    }
  }
}
