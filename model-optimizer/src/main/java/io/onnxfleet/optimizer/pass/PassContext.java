package io.onnxfleet.optimizer.pass;

import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * What passes may ask for beside the model.
 *
 * @param original the model before any pass: what answers are compared with, and where a tokenizer
 *     lies beside
 * @param folder for files that nobody needs after the pass
 * @param fitting asked only by passes that fit to samples; gives the same set each time
 * @param progress told how far a pass is
 */
public record PassContext(
    Path original, Path folder, Supplier<SampleSet> fitting, Comparison.Progress progress) {

  /** The samples to fit to. */
  public SampleSet samples() {
    return fitting.get();
  }
}
