package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.quantize.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.QuantizationOptions;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quantize}: 8-bit weights. */
@Command(
    name = "quantize",
    description =
        "Makes weights 8-bit integers; what they are multiplied with becomes so at run time.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class QuantizeCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--fuse",
      description = "Fuse attention, normalization and activations first (see the command fuse).")
  private boolean fuse;

  @Option(
      names = "--no-embeddings",
      negatable = false,
      description = "Leave tables of embeddings as they are.")
  private boolean keepEmbeddings;

  @Option(
      names = "--exclude",
      paramLabel = "NODE",
      description = "A node that stays as it is; may be given several times.")
  private Set<String> excluded = Set.of();

  @Mixin private QualityGate gate;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    OnnxModel model = OnnxModel.read(files.input());
    if (fuse) {
      Map<String, Integer> made = TransformerFusion.apply(model, TransformerFusion.Target.INT8);
      out.println("fused: " + made);
    }
    DynamicQuantization.Outcome outcome =
        DynamicQuantization.apply(model, new QuantizationOptions(!keepEmbeddings, excluded));
    out.printf("8-bit: %d products, %d tables%n", outcome.products().size(), outcome.tables());
    return gate.publish(model, files, out, err);
  }
}
