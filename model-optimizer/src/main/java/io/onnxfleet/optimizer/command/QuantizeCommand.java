package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.quantize.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.QuantizationOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
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
  @Parameters(paramLabel = "MODEL", description = "An ONNX model with FP32 weights.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "Where the result goes.")
  private Path output;

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

  @Option(
      names = "--max-quality-loss",
      paramLabel = "SHARE",
      defaultValue = "5%",
      converter = Fraction.Converter.class,
      description =
          "Refuse a result whose mean cosine to the original's outputs is lower by more than this"
              + " (default: ${DEFAULT-VALUE}).")
  private Fraction maxLoss;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    OnnxModel model = OnnxModel.read(input);
    if (fuse) {
      Map<String, Integer> made = TransformerFusion.apply(model, TransformerFusion.Target.INT8);
      out.println("fused: " + made);
    }
    DynamicQuantization.Outcome outcome =
        DynamicQuantization.apply(model, new QuantizationOptions(!keepEmbeddings, excluded));
    out.printf("8-bit: %d products, %d tables%n", outcome.products().size(), outcome.tables());
    try (Workspace workspace = Workspace.beside(output)) {
      model.write(workspace.file());
      OutputError error = new Trial(samples, out, err).of(input, workspace.file());
      if (error.loss() > maxLoss.value()) {
        err.printf(
            Locale.ROOT,
            "optimize: the quality loss is %.4f (expected: <= %.4f); nothing was written%n",
            error.loss(),
            maxLoss.value());
        return OptimizeCommand.REFUSED;
      }
      workspace.publish();
    }
    out.println("written: " + output);
    return 0;
  }
}
