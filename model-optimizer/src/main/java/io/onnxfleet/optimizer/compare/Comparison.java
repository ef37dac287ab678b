package io.onnxfleet.optimizer.compare;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.Batches;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An original and its candidates, measured over the same samples and in turns. Not thread-safe. */
public final class Comparison {
  private final ComparisonOptions options;
  private final Progress progress;

  /** Told how far a measurement is. */
  @FunctionalInterface
  public interface Progress {
    /** So many steps of all of a named part are done. */
    void at(String part, int done, int of);
  }

  public Comparison(ComparisonOptions options, Progress progress) {
    this.options = options;
    this.progress = progress;
  }

  /**
   * Measures.
   *
   * @param models the original first
   * @throws OptimizerException if a candidate takes other inputs or gives other outputs
   */
  public ComparisonReport run(List<RunnableModel> models, SampleSet samples) {
    List<String> expected = names(models.getFirst());
    for (RunnableModel model : models) {
      if (!names(model).equals(expected)) {
        throw new OptimizerException(
            "%s takes %s (expected: %s, as %s does)"
                .formatted(model.file(), names(model), expected, models.getFirst().file()));
      }
    }
    List<OutputError> errors = errors(models, samples);
    List<List<ComparisonReport.SpeedAt>> speeds = new ArrayList<>();
    models.forEach(_ -> speeds.add(new ArrayList<>()));
    for (int index = 0; index < options.batchSizes().size(); index++) {
      int rows = options.batchSizes().get(index);
      progress.at("speed", index, options.batchSizes().size());
      Optional<List<TensorValue>> batch =
          Batches.of(models.getFirst(), samples, rows, options.tokens());
      if (batch.isEmpty()) {
        continue;
      }
      List<Throughput.Speed> measured =
          new Throughput(options.rounds()).measure(models, batch.get(), rows);
      for (int model = 0; model < models.size(); model++) {
        Throughput.Speed speed = measured.get(model);
        speeds
            .get(model)
            .add(
                new ComparisonReport.SpeedAt(
                    rows, speed.rowsPerSecond(), speed.latency().toNanos() / 1e6, speed.ratio()));
      }
    }
    List<ComparisonReport.Row> rows = new ArrayList<>();
    for (int model = 0; model < models.size(); model++) {
      rows.add(
          new ComparisonReport.Row(
              models.get(model).file().toString(),
              size(models.get(model).file()),
              errors.get(model),
              speeds.get(model)));
    }
    return new ComparisonReport(
        samples.origin(), lengths(models.getFirst(), samples), options.settings().threads(), rows);
  }

  /** Says what rows speed was measured with; empty where rows are no text. */
  private String lengths(RunnableModel original, SampleSet samples) {
    List<Integer> lengths = Batches.lengths(original, samples);
    if (lengths.isEmpty()) {
      return "";
    }
    return options.tokens().isPresent()
        ? options.tokens().getAsInt() + " each"
        : "%d to %d, the median %d, as the samples have"
            .formatted(lengths.getFirst(), lengths.getLast(), lengths.get(lengths.size() / 2));
  }

  /** Only what the outputs lost; the first is the original's own, and so 0. */
  public List<OutputError> errors(List<RunnableModel> models, SampleSet samples) {
    List<List<TensorValue>> original = List.of();
    List<OutputError> errors = new ArrayList<>();
    for (RunnableModel model : models) {
      String part = "outputs of " + model.file().getFileName();
      List<List<TensorValue>> answers =
          OutputError.answers(model, samples, done -> progress.at(part, done, samples.size()));
      if (original.isEmpty()) {
        original = answers;
      }
      errors.add(OutputError.between(samples, original, answers));
    }
    return errors;
  }

  private static List<String> names(RunnableModel model) {
    return model.inputs().stream().map(InputSpec::name).toList();
  }

  /** The bytes of a model's file and of those that start with its name, which hold its weights. */
  public static long size(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    try {
      long bytes = Files.size(file);
      if (folder != null) {
        try (DirectoryStream<Path> beside =
            Files.newDirectoryStream(folder, file.getFileName() + ".*")) {
          for (Path weights : beside) {
            bytes += Files.size(weights);
          }
        }
      }
      return bytes;
    } catch (IOException unreadable) {
      throw new OptimizerException(file + ": " + unreadable.getMessage(), unreadable);
    }
  }
}
