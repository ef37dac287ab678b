package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Tries a result on samples and lets it pass if it lost no more than allowed. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
public final class QualityGate {
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

  public SampleOptions samples() {
    return samples;
  }

  /**
   * Writes a model to its place if it loads, runs and lost no more than allowed; nothing otherwise.
   *
   * @param split what it was fitted to, or null if to nothing
   * @return the exit code
   */
  public int publish(
      OnnxModel model,
      ModelFiles files,
      @Nullable SampleSplit split,
      Workspace workspace,
      PrintWriter out,
      PrintWriter err) {
    model.write(workspace.file());
    OutputError error = new Trial(samples, out, err).of(files.input(), workspace.file(), split);
    if (!(error.loss() <= maxLoss.value())) {
      err.printf(
          Locale.ROOT,
          "optimize: the quality loss is %.4f%s (expected: <= %.4f); nothing was written%n",
          error.loss(),
          split != null && split.judging().isEmpty() ? ", even on what was fitted to" : "",
          maxLoss.value());
      return ExitCode.REFUSED;
    }
    workspace.publish();
    out.println("written: " + files.output());
    return 0;
  }
}
