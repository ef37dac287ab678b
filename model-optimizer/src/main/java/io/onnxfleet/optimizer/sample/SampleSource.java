package io.onnxfleet.optimizer.sample;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.graph.TensorFile;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds samples for a model: the ones that are given (text of a sample a line, requests in JSON,
 * arrays of NumPy, ONNX's test data), else test data beside the model, else sentences through the
 * model's tokenizer, else random numbers.
 */
public final class SampleSource {
  private static final String DATA_SET = "test_data_set_";

  /** What stands for a dimension that may vary, where random numbers are all there is. */
  private static final int RANDOM_DIMENSION = 1;

  /** Random samples take at most the memory divided by that. */
  private static final int SAMPLES_OF_MEMORY = 8;

  private final Random random;
  private final int count;
  private final long mostRandomBytes;

  /**
   * @param count how many samples to make where they are made; all of the given ones are taken
   */
  public SampleSource(Random random, int count) {
    this(random, count, Runtime.getRuntime().maxMemory() / SAMPLES_OF_MEMORY);
  }

  /**
   * The same.
   *
   * @param mostRandomBytes how much random samples may take
   */
  SampleSource(Random random, int count, long mostRandomBytes) {
    if (count < 1) {
      throw new OptimizerException("samples: " + count + " (expected: >= 1)");
    }
    this.random = random;
    this.count = count;
    this.mostRandomBytes = mostRandomBytes;
  }

  /**
   * Samples for an open model.
   *
   * @param given null to look for them
   * @throws OptimizerException if none fit the model
   */
  public SampleSet samplesFor(RunnableModel model, @Nullable Path given) {
    List<InputSpec> inputs = model.inputs();
    if (given != null) {
      return given(model, inputs, given);
    }
    Path folder = model.file().toAbsolutePath().getParent();
    if (folder != null) {
      Optional<SampleSet> beside = dataSets(inputs, folder);
      if (beside.isPresent()) {
        return beside.get();
      }
    }
    if (TextSamples.fits(inputs)) {
      List<String> sentences = new SentenceGenerator(random).sentences(count);
      return sentences(model, inputs, sentences, count + " generated sentences");
    }
    List<List<TensorValue>> samples = randomSamples(inputs);
    return new SampleSet(samples.size() + " samples of random numbers", samples);
  }

  private static SampleSet given(RunnableModel model, List<InputSpec> inputs, Path given) {
    if (Files.isDirectory(given)) {
      return dataSets(inputs, given)
          .orElseThrow(
              () ->
                  new OptimizerException(
                      given + ": no samples (expected: " + DATA_SET + "0/input_0.pb)"));
    }
    String name = given.toString();
    if (name.endsWith(".json") || name.endsWith(".jsonl")) {
      return JsonSamples.read(given, inputs);
    }
    if (name.endsWith(".npy") || name.endsWith(".npz")) {
      return NumpySamples.read(given, inputs);
    }
    if (name.endsWith(".pb")) {
      return tensor(inputs, given);
    }
    return sentences(model, inputs, lines(given), name);
  }

  /** One tensor, for a model of one input. */
  private static SampleSet tensor(List<InputSpec> inputs, Path file) {
    if (inputs.size() != 1) {
      throw new OptimizerException(
          "%s: one tensor (expected: a folder with %s0/input_0.pb to input_%d.pb)"
              .formatted(file, DATA_SET, inputs.size() - 1));
    }
    InputSpec input = inputs.getFirst();
    return new SampleSet(
        file.toString(), List.of(List.of(new TensorValue(input.name(), read(input, file)))));
  }

  /** Test data in the layout that ONNX's own models have; empty if there is none. */
  private static Optional<SampleSet> dataSets(List<InputSpec> inputs, Path folder) {
    List<List<TensorValue>> samples = new ArrayList<>();
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> sets =
          entries
              .filter(entry -> String.valueOf(entry.getFileName()).startsWith(DATA_SET))
              .sorted()
              .toList();
      for (Path set : sets) {
        List<TensorValue> sample = new ArrayList<>();
        for (int index = 0; index < inputs.size(); index++) {
          Path file = set.resolve("input_" + index + ".pb");
          if (!Files.isRegularFile(file)) {
            throw new OptimizerException(file + ": no such file (expected: one for every input)");
          }
          sample.add(new TensorValue(inputs.get(index).name(), read(inputs.get(index), file)));
        }
        samples.add(sample);
      }
    } catch (IOException unreadable) {
      throw new OptimizerException(folder + ": " + unreadable.getMessage(), unreadable);
    }
    return samples.isEmpty()
        ? Optional.empty()
        : Optional.of(new SampleSet(samples.size() + " data sets in " + folder, samples));
  }

  private static Tensor read(InputSpec input, Path file) {
    return SampleTensors.checked(input, TensorFile.read(file), String.valueOf(file));
  }

  private static List<String> lines(Path file) {
    try {
      List<String> lines = TextFile.lines(file).stream().filter(l -> !l.isBlank()).toList();
      if (lines.isEmpty()) {
        throw new OptimizerException(file + ": no samples (expected: one a line)");
      }
      return lines;
    } catch (UnsupportedEncodingException other) {
      throw new OptimizerException(file + ": " + other.getMessage(), other);
    } catch (IOException unreadable) {
      throw new OptimizerException(
          file + ": no samples can be read (expected: a file of samples or a folder)", unreadable);
    }
  }

  private static SampleSet sentences(
      RunnableModel model, List<InputSpec> inputs, List<String> texts, String origin) {
    if (!TextSamples.fits(inputs)) {
      throw new OptimizerException(
          "%s takes no text (its inputs: %s)"
              .formatted(model.file(), inputs.stream().map(InputSpec::name).toList()));
    }
    Path file =
        tokenizerOf(model.file())
            .orElseThrow(
                () ->
                    new OptimizerException(
                        "%s: no %s in its folder or the one above, so no text can be its sample"
                            .formatted(model.file(), TextTokenizer.FILE_NAME)));
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      return new SampleSet(origin, TextSamples.each(inputs, tokenizer, texts));
    } catch (InferenceException unusable) {
      throw new OptimizerException(file + ": " + unusable.getMessage(), unusable);
    }
  }

  /** The tokenizer in the model's folder or, as in a model repository, in the one above. */
  public static Optional<Path> tokenizerOf(Path model) {
    Path folder = model.toAbsolutePath().normalize().getParent();
    for (int level = 0; folder != null && level < 2; level++) {
      Path file = folder.resolve(TextTokenizer.FILE_NAME);
      if (Files.isRegularFile(file)) {
        return Optional.of(file);
      }
      folder = folder.getParent();
    }
    return Optional.empty();
  }

  /** At least one, and of large inputs only as many as leave memory for their answers. */
  private List<List<TensorValue>> randomSamples(List<InputSpec> inputs) {
    List<List<TensorValue>> samples = new ArrayList<>();
    long bytes = 0;
    do {
      List<TensorValue> sample = randomSample(inputs);
      samples.add(sample);
      long size = sample.stream().mapToLong(value -> value.tensor().bytes()).sum();
      bytes += size;
      if (bytes + size > mostRandomBytes) {
        break;
      }
    } while (samples.size() < count);
    return samples;
  }

  private List<TensorValue> randomSample(List<InputSpec> inputs) {
    List<TensorValue> values = new ArrayList<>();
    for (InputSpec input : inputs) {
      if (input.type().isEmpty() || input.type().get() != ElementType.FLOAT) {
        throw new OptimizerException(
            "input '%s' is %s: random numbers would mean nothing there; give samples"
                .formatted(
                    input.name(),
                    input.type().map(ElementType::name).orElse("no tensor of numbers")));
      }
      long[] shape = input.shape().stream().mapToLong(Long::longValue).toArray();
      long elements = 1;
      for (int axis = 0; axis < shape.length; axis++) {
        shape[axis] = shape[axis] < 0 ? RANDOM_DIMENSION : shape[axis];
        elements = Math.multiplyExact(elements, shape[axis]);
      }
      float[] data = new float[Math.toIntExact(elements)];
      for (int index = 0; index < data.length; index++) {
        data[index] = (float) random.nextGaussian();
      }
      values.add(new TensorValue(input.name(), Tensor.ofFloats(data, shape)));
    }
    return values;
  }
}
