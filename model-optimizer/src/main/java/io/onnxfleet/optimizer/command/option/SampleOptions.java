package io.onnxfleet.optimizer.command.option;

import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.SampleSplit;
import io.onnxfleet.optimizer.sample.Variations;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which samples, for every command that needs some. */
public final class SampleOptions {
  @Option(
      names = "--samples",
      paramLabel = "PATH",
      description =
          "Samples: text of one a line, requests of the Open Inference Protocol (.json, .jsonl),"
              + " NumPy's arrays (.npy, .npz), a tensor (.pb), or a folder with"
              + " test_data_set_0/input_0.pb and so on. Without it: test data beside the model, else generated sentences, else random numbers.")
  private @Nullable Path samples;

  @Option(
      names = "--sample-count",
      paramLabel = "N",
      defaultValue = "64",
      description = "How many to make where none are given (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "For what is made at random (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--variations",
      paramLabel = "N",
      description =
          "Make so many samples out of the given ones by a little noise, contrast and shift.")
  private @Nullable Integer variations;

  public long seed() {
    return seed;
  }

  /** For a model that is opened only to look at its inputs. */
  public SampleSet samplesFor(Path model) {
    try (RunnableModel opened = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      return samplesFor(opened);
    }
  }

  public SampleSet samplesFor(RunnableModel model) {
    SampleSet found = found(model, seed);
    return variations == null ? found : new Variations(new Random(seed)).of(found, variations);
  }

  /** Whether samples were given, rather than found or made. */
  boolean areGiven() {
    return samples != null;
  }

  /** Samples to fit by, and others of the same kind to judge by. */
  public SampleSplit split(Path model) {
    try (RunnableModel opened = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      return split(opened);
    }
  }

  /** The same. */
  public SampleSplit split(RunnableModel model) {
    // What is made differs by the seed; what is given or found is the same, and cut.
    SampleSplit split =
        SampleSplit.between(found(model, seed + 1), found(model, seed), true, new Random(seed));
    return variations == null
        ? split
        : split.fittedTo(new Variations(new Random(seed)).of(split.fitting(), variations));
  }

  /** Without variations: one of a sample that is fitted to would tell nothing new. */
  SampleSet originals(RunnableModel model) {
    return found(model, seed);
  }

  private SampleSet found(RunnableModel model, long withSeed) {
    return new SampleSource(new Random(withSeed), count).samplesFor(model, samples);
  }
}
