package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.FitOptions;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.result.QualityGate;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.distil.LayerDistillation;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code distil layers}: fewer layers of the same transformer. */
@Command(
    name = "layers",
    description = {
      "Drops layers of a transformer encoder and puts linear maps in their place, fitted to the"
          + " teacher's values over unlabeled text. The result is fused (see the command fuse)."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class DistilLayersCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--keep",
      required = true,
      paramLabel = "N",
      description = "How many layers stay.")
  private int keep;

  @Mixin private FitOptions fit;

  @Mixin private QualityGate gate;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (Workspace workspace = Workspace.beside(files.output())) {
      SampleSplit split = fit.split(files.input(), gate.samples());
      Rewriting rewriting = new Rewriting(files.input(), workspace, split::fitting, out, err);
      rewriting.apply(LayerDistillation.keeping(keep));
      return gate.publish(rewriting.draft().model(), files, split, workspace, out, err);
    }
  }
}
