package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.ComparisonOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Runs a result beside its original before anybody gets it. */
public final class Trial {
  private final SampleOptions samples;
  private final PrintWriter out;
  private final PrintWriter err;

  public Trial(SampleOptions samples, PrintWriter out, PrintWriter err) {
    this.samples = samples;
    this.out = out;
    this.err = err;
  }

  /**
   * What a result lost; said only if it is known from samples that nothing was fitted to. Throws if
   * the result does not load or does not run.
   *
   * @param split what the result was fitted to, or null if to nothing
   */
  public OutputError of(Path original, Path result, @Nullable SampleSplit split) {
    ProgressLine progress = new ProgressLine(err);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      SampleSet judging =
          split == null ? samples.samplesFor(before) : split.judging().orElse(split.fitting());
      Comparison comparison = new Comparison(ComparisonOptions.DEFAULT, progress);
      OutputError error = comparison.errors(List.of(before, after), judging).getLast();
      if (split != null && split.judging().isEmpty()) {
        out.println("outputs: no error is stated: " + split.reason());
        return error;
      }
      out.printf(
          Locale.ROOT,
          "outputs: mean cosine %.6f, relative error %.2e, largest difference %.2e%s%s%n",
          error.meanCosine(),
          error.relativeError(),
          error.largestDifference(),
          error.topAgreement().isPresent()
              ? String.format(Locale.ROOT, ", top-1 %.4f", error.topAgreement().getAsDouble())
              : "",
          heldBack(split));
      return error;
    } finally {
      progress.clear();
    }
  }

  /** Behind an error: which samples it is of. */
  public static String heldBack(@Nullable SampleSplit split) {
    return split == null || split.judging().isEmpty()
        ? ""
        : ", over %d samples that nothing was fitted to".formatted(split.judging().get().size());
  }

  /** Only loads a result, where there is nothing to run it with. */
  public static void load(Path result) {
    RunnableModel.open(result, SessionSettings.DEFAULT).close();
  }
}
