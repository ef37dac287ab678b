package io.onnxfleet.optimizer.command.option;

import io.onnxfleet.optimizer.distil.Vocabulary;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.SampleSplit;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** By which samples a model is refitted; others than those by which the result is judged. */
public final class FitOptions {
  @Option(
      names = "--fit-samples",
      paramLabel = "PATH",
      description =
          "Samples to fit by, as for --samples. Without it they are found or made as those are, but"
              + " with another seed: what is generated is not what judges.")
  private @Nullable Path samples;

  @Option(
      names = "--fit-count",
      paramLabel = "N",
      defaultValue = "512",
      description = "How many to make where none are given (default: ${DEFAULT-VALUE}).")
  private int count;

  /** For a model that is opened only to look at its inputs. */
  public SampleSplit split(Path model, SampleOptions judging) {
    try (RunnableModel opened = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      return split(opened, judging);
    }
  }

  /**
   * Samples to fit by, and others to judge by. Where only those to judge by are given and no text
   * can be made, a part of them is fitted to.
   */
  public SampleSplit split(RunnableModel model, SampleOptions judging) {
    boolean canMake =
        TextSamples.fits(model.inputs()) && SampleSource.tokenizerOf(model.file()).isPresent();
    if (samples == null && judging.areGiven() && !canMake) {
      return judging.split(model);
    }
    return SampleSplit.between(
        samplesFor(model, judging),
        judging.originals(model),
        samples == null,
        new Random(judging.seed()));
  }

  /**
   * The samples. To generated sentences come as many rows of random tokens: a model that was fitted
   * to the sentences alone would forget what they do not hold.
   */
  private SampleSet samplesFor(RunnableModel model, SampleOptions judging) {
    Random random = new Random(judging.seed() + 1);
    SampleSet found = new SampleSource(random, count).samplesFor(model, samples);
    Optional<Path> tokenizer = SampleSource.tokenizerOf(model.file());
    if (samples != null || tokenizer.isEmpty() || !TextSamples.fits(model.inputs())) {
      return found;
    }
    List<List<TensorValue>> all = new ArrayList<>(found.samples());
    for (long[] row : Vocabulary.read(tokenizer.get()).madeUpRows(random, count)) {
      all.add(TextSamples.rows(model.inputs(), List.of(row)));
    }
    Collections.shuffle(all, random);
    return new SampleSet(found.origin() + " and as many rows of random tokens", all);
  }
}
