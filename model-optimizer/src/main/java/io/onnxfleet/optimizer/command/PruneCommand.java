package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.prune.MagnitudePruning;
import io.onnxfleet.optimizer.prune.Structure;
import io.onnxfleet.optimizer.prune.StructuredPruning;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.Map;
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
    Map<Structure, Fraction> shares = new EnumMap<>(Structure.class);
    if (heads != null) {
      shares.put(Structure.HEADS, heads);
    }
    if (neurons != null) {
      shares.put(Structure.NEURONS, neurons);
    }
    if (channels != null) {
      shares.put(Structure.CHANNELS, channels);
    }
    if (shares.isEmpty() && weights == null) {
      throw new ParameterException(
          spec.commandLine(),
          "nothing to remove (expected: --feed-forward, --heads, --channels or --weights)");
    }
    OnnxModel model = OnnxModel.read(files.input());
    if (heads != null) {
      out.println("fused: " + TransformerFusion.apply(model, TransformerFusion.Target.FP32));
    }
    SampleSplit split = null;
    if (!shares.isEmpty()) {
      split = fit.split(files.input(), gate.samples());
      prune(model, shares, split.fitting(), out, err);
    }
    if (weights != null) {
      out.printf(
          "weights: %d are zero now; the model is not faster for it%n",
          MagnitudePruning.apply(model, weights.value()));
    }
    return gate.publish(model, files, split, out, err);
  }

  private void prune(
      OnnxModel model,
      Map<Structure, Fraction> shares,
      SampleSet samples,
      PrintWriter out,
      PrintWriter err) {
    ProgressLine progress = new ProgressLine(err);
    try (Workspace scratch = Workspace.beside(files.output())) {
      StructuredPruning pruning = new StructuredPruning(samples, scratch.folder(), progress);
      shares.forEach(
          (structure, share) -> {
            StructuredPruning.Outcome outcome = pruning.apply(model, structure, share.value());
            progress.clear();
            out.printf(
                "%s: %d of %d stay, in %d places%n",
                structure.plural(), outcome.after(), outcome.before(), outcome.places());
          });
    } finally {
      progress.clear();
    }
  }
}
