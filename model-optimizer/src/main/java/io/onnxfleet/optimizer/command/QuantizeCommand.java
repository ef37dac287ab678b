package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.CalibrationMethod;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.result.QualityGate;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.quantize.BlockQuantization;
import io.onnxfleet.optimizer.quantize.ErrorBoundQuantization;
import io.onnxfleet.optimizer.quantize.LayerwiseQuantization;
import io.onnxfleet.optimizer.quantize.Smoothing;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions;
import io.onnxfleet.optimizer.quantize.calibrated.StaticQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.ActivationScale;
import io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.QuantizationOptions;
import io.onnxfleet.optimizer.quantize.dynamic.TableQuantization;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quantize}: 8-bit or 4-bit weights. */
@Command(
    name = "quantize",
    description =
        "Makes weights 8-bit integers; what they are multiplied with becomes so at run time, or"
            + " with --static by ranges that samples show. Or makes weights 4-bit.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class QuantizeCommand implements Callable<Integer> {
  private static final int USUAL_BLOCK = 32;

  @Mixin private ModelFiles files;

  @Option(
      names = "--fuse",
      description = "Fuse attention, normalization and activations first (see the command fuse).")
  private boolean fuse;

  @Option(
      names = "--per-token",
      description =
          "Take a scale for each token when the model runs, not one over the batch: answers are the"
              + " same in any company, and requests share runs.")
  private boolean perToken;

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
      names = "--target-error",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description =
          "Find the layers that hurt most and compute as few of them in FP32 as bring the relative"
              + " error down to this. Their weights are stored in 8 bits all the same, unless"
              + " --static.")
  private @Nullable Fraction targetError;

  @Option(
      names = "--smooth",
      paramLabel = "STRENGTH",
      converter = Fraction.Converter.class,
      description =
          "Move large columns of activations into the weights first: 0 not at all, 1 as a whole; 0.5"
              + " is a good choice for transformers.")
  private @Nullable Fraction smooth;

  @Option(
      names = "--static",
      description = "Take the ranges of activations from samples, and leave all in 8 bits between.")
  private boolean calibrated;

  @Option(
      names = "--format",
      defaultValue = "QDQ",
      description = "With --static: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private StaticOptions.Format format;

  @Option(
      names = "--calibration",
      defaultValue = "min-max",
      description = "With --static: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private CalibrationMethod method;

  @Option(
      names = "--percentile",
      paramLabel = "SHARE",
      defaultValue = "99.999%",
      converter = Fraction.Converter.class,
      description = "With --calibration percentile: what stays (default: ${DEFAULT-VALUE}).")
  private Fraction percentile;

  @Option(
      names = "--symmetric",
      description = "With --static or weights in blocks: zero lies in the middle, always.")
  private boolean symmetric;

  @Option(
      names = "--operators",
      split = ",",
      paramLabel = "OPERATOR",
      description = "With --static: only these become 8-bit (default: all that are known).")
  private Set<String> operators = Set.of();

  @Option(
      names = "--bits",
      paramLabel = "N",
      defaultValue = "8",
      description =
          "Of weights: 8, or 4 in blocks of 32; with --block-size 8 in blocks too (default:"
              + " ${DEFAULT-VALUE}).")
  private int bits;

  @Option(
      names = "--block-size",
      paramLabel = "N",
      description = "How many weights of a column share a scale: a power of two from 16 on.")
  private @Nullable Integer blockSize;

  @Option(
      names = "--fast-products",
      description =
          "With weights in blocks: activations become 8-bit by blocks when they are multiplied.")
  private boolean fastProducts;

  @Mixin private QualityGate gate;

  @Spec private CommandSpec spec;

  /** Null as long as nothing is fitted to samples. */
  private @Nullable SampleSplit split;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    requireTogether();
    try (Workspace workspace = Workspace.beside(files.output())) {
      Rewriting rewriting =
          new Rewriting(files.input(), workspace, () -> split().fitting(), out, err);
      rewriting.apply(passes());
      return gate.publish(rewriting.draft().model(), files, split, workspace, out, err);
    }
  }

  private void requireTogether() {
    if (bits != 8 && bits != 4) {
      throw new OptimizerException("--bits: %d (expected: 8 or 4)".formatted(bits));
    }
    if (inBlocks() && (calibrated || targetError != null || perToken)) {
      throw new OptimizerException(
          "%s with weights in blocks (expected: neither --static, --target-error nor --per-token)"
              .formatted(calibrated ? "--static" : perToken ? "--per-token" : "--target-error"));
    }
    if (perToken && calibrated) {
      throw new OptimizerException("--per-token with --static (expected: one of them, or neither)");
    }
    if (fastProducts && !inBlocks()) {
      throw new OptimizerException("--fast-products (expected: --bits 4 or --block-size with it)");
    }
  }

  private boolean inBlocks() {
    return bits == 4 || blockSize != null;
  }

  private List<Pass> passes() {
    List<Pass> passes = new ArrayList<>();
    if (fuse) {
      passes.add(
          new TransformerFusion(
              calibrated || bits == 4
                  ? TransformerFusion.Target.FP32
                  : TransformerFusion.Target.INT8));
    }
    if (smooth != null) {
      passes.add(
          new Smoothing(
              (float) smooth.value(), perToken ? Smoothing.Of.NORMALIZED : Smoothing.Of.ALL));
    }
    if (inBlocks()) {
      passes.add(
          new BlockQuantization(
              new BlockQuantization.Options(
                  bits,
                  blockSize == null ? USUAL_BLOCK : blockSize,
                  symmetric,
                  !fastProducts,
                  excluded)));
      if (!keepEmbeddings) {
        passes.add(new TableQuantization());
      }
    } else {
      LayerwiseQuantization quantization = quantization();
      passes.add(
          targetError == null
              ? quantization
              : new ErrorBoundQuantization(quantization, targetError.value()));
    }
    return passes;
  }

  private LayerwiseQuantization quantization() {
    return calibrated
        ? new StaticQuantization(
            new StaticOptions(format, symmetric, operators, excluded),
            new CalibrationOptions(method, percentile.value()))
        : new DynamicQuantization(
            new QuantizationOptions(
                !keepEmbeddings,
                excluded,
                Set.of(),
                perToken ? ActivationScale.TOKEN : ActivationScale.BATCH));
  }

  /** Found once, so that every pass fits to the same ones. */
  private SampleSplit split() {
    SampleSplit known = split;
    if (known == null) {
      known = gate.samples().split(files.input());
      split = known;
    }
    return known;
  }
}
