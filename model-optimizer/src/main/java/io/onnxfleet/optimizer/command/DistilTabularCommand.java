package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.Rewriting;
import io.onnxfleet.optimizer.command.result.Trial;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.distil.TabularDistillation;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code distil tabular}: a small model for rows of numbers. */
@Command(
    name = "tabular",
    description = {
      "Trains a small classifier or regressor on what a large one answers to rows of samples and to"
          + " rows made of them."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class DistilTabularCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "To train on and, a fifth of them, to judge by; made of the samples where those are fewer"
              + " (default: ${DEFAULT-VALUE}).")
  private int rows;

  @Option(
      names = "--min-agreement",
      paramLabel = "SHARE",
      defaultValue = "90%",
      converter = Fraction.Converter.class,
      description =
          "Refuse a student that tells the teacher's class of fewer rows or, of numbers, less of"
              + " their variance (default: ${DEFAULT-VALUE}).")
  private Fraction minAgreement;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (Workspace workspace = Workspace.beside(files.output())) {
      SampleSet found = samples.samplesFor(files.input());
      Rewriting rewriting = new Rewriting(files.input(), workspace, () -> found, out, err);
      double agreement =
          rewriting.applyAlone(new TabularDistillation(rows, samples.seed())::apply).agreement();
      if (!(agreement >= minAgreement.value())) {
        err.printf(
            Locale.ROOT,
            "optimize: the agreement is %.4f (expected: >= %.4f); nothing was written%n",
            agreement,
            minAgreement.value());
        return ExitCode.REFUSED;
      }
      rewriting.draft().model().write(workspace.file());
      Trial.load(workspace.file());
      workspace.publish();
    }
    out.println("written: " + files.output());
    return 0;
  }
}
