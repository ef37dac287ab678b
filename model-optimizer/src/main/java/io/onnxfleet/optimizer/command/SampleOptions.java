package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.Variations;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which samples, for every command that needs some. */
final class SampleOptions {
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

  long seed() {
    return seed;
  }

  /** For a model that is opened only to look at its inputs. */
  SampleSet samplesFor(Path model) {
    try (RunnableModel opened = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      return samplesFor(opened);
    }
  }

  SampleSet samplesFor(RunnableModel model) {
    Random random = new Random(seed);
    SampleSet found = new SampleSource(random, count).samplesFor(model, samples);
    return variations == null ? found : new Variations(random).of(found, variations);
  }
}
