package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.FitOptions;
import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.result.QualityGate;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.prune.MagnitudePruning;
import io.onnxfleet.optimizer.prune.Structure;
import io.onnxfleet.optimizer.prune.StructuredPruning;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code prune}: fewer neurons, heads, channels or weights. */
@Command(
    name = "prune",
    description = {
      "Removes what matters least by samples, and refits the layers behind it: the tensors become"
          + " smaller, and so do the file and the time."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class PruneCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--feed-forward",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description = "Of the neurons between two matrix products.")
  private @Nullable Fraction neurons;

  @Option(
      names = "--heads",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description = "Of the attention heads; the model is fused first (see the command fuse).")
  private @Nullable Fraction heads;

  @Option(
      names = "--channels",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description = "Of the channels between two convolutions.")
  private @Nullable Fraction channels;

  @Option(
      names = "--weights",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description =
          "Of single weights, the smallest. They become zero where they stand: no faster, as"
              + " ONNX Runtime has no kernels for such matrices.")
  private @Nullable Fraction weights;

  @Mixin private FitOptions fit;

  @Mixin private QualityGate gate;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    List<Pass> passes = passes();
    try (Workspace workspace = Workspace.beside(files.output())) {
      // Only what is refitted looks at samples.
      SampleSplit split =
          passes.stream().anyMatch(StructuredPruning.class::isInstance)
              ? fit.split(files.input(), gate.samples())
              : null;
      Rewriting rewriting =
          split == null
              ? new Rewriting(files.input(), workspace, out, err)
              : new Rewriting(files.input(), workspace, split::fitting, out, err);
      rewriting.apply(passes);
      return gate.publish(rewriting.draft().model(), files, split, workspace, out, err);
    }
  }

  private List<Pass> passes() {
    List<Pass> passes = new ArrayList<>();
    if (heads != null) {
      passes.add(new TransformerFusion(TransformerFusion.Target.FP32));
    }
    if (neurons != null) {
      passes.add(new StructuredPruning(Structure.NEURONS, neurons.value()));
    }
    if (heads != null) {
      passes.add(new StructuredPruning(Structure.HEADS, heads.value()));
    }
    if (channels != null) {
      passes.add(new StructuredPruning(Structure.CHANNELS, channels.value()));
    }
    if (weights != null) {
      passes.add(new MagnitudePruning(weights.value()));
    }
    if (passes.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "nothing to remove (expected: --feed-forward, --heads, --channels or --weights)");
    }
    return passes;
  }
}
