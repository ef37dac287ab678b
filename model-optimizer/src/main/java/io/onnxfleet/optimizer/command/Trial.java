package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.ComparisonOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Runs a result beside its original before anybody gets it. */
final class Trial {
  private final SampleOptions samples;
  private final PrintWriter out;
  private final PrintWriter err;

  Trial(SampleOptions samples, PrintWriter out, PrintWriter err) {
    this.samples = samples;
    this.out = out;
    this.err = err;
  }

  /** What a result lost. Throws if it does not load or does not run. */
  OutputError of(Path original, Path result) {
    ProgressLine progress = new ProgressLine(err);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      Comparison comparison = new Comparison(ComparisonOptions.DEFAULT, progress);
      OutputError error =
          comparison.errors(List.of(before, after), samples.samplesFor(before)).getLast();
      out.printf(
          Locale.ROOT,
          "outputs: mean cosine %.6f, relative error %.2e, largest difference %.2e%s%n",
          error.meanCosine(),
          error.relativeError(),
          error.largestDifference(),
          error.topAgreement().isPresent()
              ? String.format(Locale.ROOT, ", top-1 %.4f", error.topAgreement().getAsDouble())
              : "");
      return error;
    } finally {
      progress.clear();
    }
  }

  /** Only loads a result, where there is nothing to run it with. */
  static void load(Path result) {
    RunnableModel.open(result, SessionSettings.DEFAULT).close();
  }
}
