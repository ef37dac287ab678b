package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.ModelFiles;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lets a result pass that answers as its original does, but for rounding. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
public final class SamenessGate {
  @Option(
      names = "--max-relative-error",
      paramLabel = "SHARE",
      defaultValue = "1e-4",
      converter = Fraction.Converter.class,
      description =
          "Refuse a result that is further from the original (default: ${DEFAULT-VALUE}).")
  private Fraction maxError;

  @Mixin private SampleOptions samples;

  /**
   * Moves a result to its place if it loads, runs and answers the same; nothing otherwise.
   *
   * @param comparable false if inputs or outputs were changed: then loading is all that is tried
   * @return the exit code
   */
  public int publish(
      ModelFiles files, Workspace workspace, boolean comparable, PrintWriter out, PrintWriter err) {
    if (comparable) {
      OutputError error = new Trial(samples, out, err).of(files.input(), workspace.file(), null);
      if (!(error.relativeError() <= maxError.value())) {
        err.printf(
            Locale.ROOT,
            "optimize: the relative error is %.2e (expected: <= %.2e); nothing was written%n",
            error.relativeError(),
            maxError.value());
        return ExitCode.REFUSED;
      }
    } else {
      Trial.load(workspace.file());
    }
    workspace.publish();
    out.println("written: " + files.output());
    return 0;
  }
}
