package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.Trial;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.precision.Precision;
import io.onnxfleet.optimizer.precision.PrecisionConversion;
import io.onnxfleet.optimizer.precision.PrecisionOptions;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code convert}: half precision. */
@Command(
    name = "convert",
    description =
        "Converts FP32 to half precision, and finds by running which nodes must stay as they are."
            + " Half the size; faster on GPUs, not on CPUs.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class ConvertCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--precision",
      required = true,
      description =
          "${COMPLETION-CANDIDATES}. FP16 is refused if a node loses too much, which MIXED leaves in"
              + " FP32. BF16 is for weights only.")
  private Precision precision;

  @Option(names = "--keep-io", description = "Inputs and outputs stay FP32.")
  private boolean keepIo;

  @Option(
      names = "--weights-only",
      description = "Store weights so and compute in FP32: what runtimes on CPUs do anyway.")
  private boolean weightsOnly;

  @Option(
      names = "--block-operator",
      paramLabel = "OPERATOR",
      description = "An operator that stays in FP32; may be given several times.")
  private Set<String> blockedOperators = Set.of();

  @Option(
      names = "--block-node",
      paramLabel = "NODE",
      description = "A node that does; may be given several times.")
  private Set<String> blockedNodes = Set.of();

  @Option(
      names = "--max-relative-error",
      paramLabel = "SHARE",
      defaultValue = "1e-2",
      converter = Fraction.Converter.class,
      description = "Of the outputs (default: ${DEFAULT-VALUE}).")
  private Fraction maxError;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrecisionOptions options =
        new PrecisionOptions(
            precision, keepIo, weightsOnly, blockedOperators, blockedNodes, maxError.value());
    try (Workspace workspace = Workspace.beside(files.output());
        RunnableModel original = RunnableModel.open(files.input(), SessionSettings.DEFAULT)) {
      // Which nodes are converted is chosen by samples; with weights there is no choice.
      SampleSplit split = options.storesWeights() ? null : samples.split(original);
      Rewriting rewriting =
          new Rewriting(
              files.input(),
              workspace,
              () -> split == null ? samples.samplesFor(original) : split.fitting(),
              out,
              spec.commandLine().getErr());
      PrecisionConversion.Outcome outcome =
          rewriting.applyAlone(new PrecisionConversion(options)::apply);
      OutputError error = outcome.error();
      if (split != null && split.judging().isPresent()) {
        error = outcome.check().over(original, split.judging().get());
        rewriting.progress().clear();
      }
      if (split != null && split.judging().isEmpty()) {
        out.println("outputs: no error is stated: " + split.reason());
      } else {
        out.printf(
            Locale.ROOT,
            "outputs: relative error %.2e, mean cosine %.6f%s%n",
            error.relativeError(),
            error.meanCosine(),
            Trial.heldBack(split));
      }
      if (!(error.relativeError() <= maxError.value())) {
        spec.commandLine()
            .getErr()
            .printf(
                Locale.ROOT,
                "optimize: the relative error is %.2e (expected: <= %.2e); nothing was written%n",
                error.relativeError(),
                maxError.value());
        return ExitCode.REFUSED;
      }
      rewriting.draft().model().write(workspace.file());
      workspace.publish();
    }
    out.println("written: " + files.output());
    return 0;
  }
}
