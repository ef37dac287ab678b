package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.compare.Throughput;
import io.onnxfleet.optimizer.distil.SimilarityAgreement;
import io.onnxfleet.optimizer.distil.TextEncoder;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.Pipeline;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.Batches;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Makes candidates of a model one after the other and measures each beside the original: what it
 * loses on samples that nothing was fitted to, its size, and its speed in turns. What is measured
 * is kept in the workspace: a search that was stopped goes on where it was. Not thread-safe.
 */
public final class Search {
  private static final String LEDGER = "measured.json";
  private static final String SCRATCH = "scratch";

  private final Path original;
  private final Path workspace;
  private final SearchOptions options;
  private final SampleSet judging;
  private final SampleSet fitting;
  private final Comparison.Progress progress;

  /**
   * A search.
   *
   * @param workspace a folder for candidates and measurements, which exists
   * @param judging samples to measure by
   * @param fitting samples to fit by
   */
  public Search(
      Path original,
      Path workspace,
      SearchOptions options,
      SampleSet judging,
      SampleSet fitting,
      Comparison.Progress progress) {
    this.original = original;
    this.workspace = workspace;
    this.options = options;
    this.judging = judging;
    this.fitting = fitting;
    this.progress = progress;
  }

  /** Makes and measures all candidates that are not measured yet. */
  public SearchReport run() {
    Ledger ledger = Ledger.open(workspace.resolve(LEDGER), fingerprint());
    List<Recipe> recipes = Recipe.all(options.staticStudent());
    for (int index = 0; index < recipes.size(); index++) {
      Recipe recipe = recipes.get(index);
      if (ledger.find(recipe.name()).isPresent()) {
        continue;
      }
      progress.at("%d of %d: %s".formatted(index + 1, recipes.size(), recipe.name()), 0, 1);
      ledger.add(measured(recipe, ledger));
    }
    return new SearchReport(
        original.toString(), judging.origin(), options.target(), options.maxLoss(), ledger.all());
  }

  /** The file of a candidate. */
  public Path fileOf(Measurement candidate) {
    return Recipe.all(options.staticStudent()).stream()
        .filter(recipe -> recipe.name().equals(candidate.name()))
        .map(this::file)
        .findFirst()
        .orElseThrow();
  }

  private Path file(Recipe recipe) {
    return recipe.isOriginal() ? original : workspace.resolve(recipe.fileName());
  }

  private Measurement measured(Recipe recipe, Ledger ledger) {
    Optional<Measurement> base = ledger.find(recipe.base());
    if (base.isPresent() && !base.get().usable()) {
      return Measurement.failed(recipe.name(), base.get().failure());
    }
    try {
      Path source = recipe.base().equals(Recipe.ORIGINAL) ? original : baseFile(recipe);
      make(recipe, source);
      return measure(recipe, ledger);
    } catch (OptimizerException impossible) {
      if (recipe.isOriginal()) {
        throw impossible;
      }
      return Measurement.failed(recipe.name(), String.valueOf(impossible.getMessage()));
    } catch (OutOfMemoryError tooLarge) {
      if (recipe.isOriginal()) {
        throw tooLarge;
      }
      // Noted, so that a search that is started again does not end there again.
      return Measurement.failed(recipe.name(), "out of memory: " + tooLarge.getMessage());
    }
  }

  private Path baseFile(Recipe recipe) {
    return Recipe.all(options.staticStudent()).stream()
        .filter(other -> other.name().equals(recipe.base()))
        .map(this::file)
        .findFirst()
        .orElseThrow();
  }

  private void make(Recipe recipe, Path source) {
    if (recipe.isOriginal()) {
      return;
    }
    Path scratch = workspace.resolve(SCRATCH);
    try {
      Files.createDirectories(scratch);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(scratch, failure), failure);
    }
    Draft draft = Draft.of(source, scratch);
    new Pipeline(recipe.passes())
        .apply(
            draft,
            new PassContext(original, scratch, () -> fitting, progress),
            (pass, report) -> {
              if (!report.changed()) {
                throw new OptimizerException("nothing to " + pass.name());
              }
            });
    draft.model().write(file(recipe));
  }

  private Measurement measure(Recipe recipe, Ledger ledger) {
    Path file = file(recipe);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      double loss = loss(recipe, before, after);
      List<TensorValue> row =
          Batches.of(before, judging, 1, OptionalInt.empty()).orElse(judging.samples().getFirst());
      Throughput.Speed alone = speed(before, after, row, 1);
      Throughput.Speed together =
          Batches.of(before, judging, options.batch(), OptionalInt.empty())
              .map(batch -> speed(before, after, batch, options.batch()))
              .orElse(alone);
      Optional<Measurement> first = ledger.find(Recipe.ORIGINAL);
      return new Measurement(
          recipe.name(),
          "",
          Comparison.size(file),
          loss,
          first
              .map(own -> own.milliseconds() / alone.ratio())
              .orElse(alone.latency().toNanos() / 1e6),
          first
              .map(own -> own.rowsPerSecond() * together.ratio())
              .orElse(together.rowsPerSecond()));
    }
  }

  private Throughput.Speed speed(
      RunnableModel before, RunnableModel after, List<TensorValue> batch, int rows) {
    return new Throughput(options.rounds()).measure(List.of(before, after), batch, rows).getLast();
  }

  private double loss(Recipe recipe, RunnableModel before, RunnableModel after) {
    if (recipe.loss() == Recipe.Loss.SIMILARITIES) {
      List<long[]> rows = TextEncoder.rows(judging);
      return 1
          - SimilarityAgreement.between(
              new TextEncoder(before).vectors(rows, _ -> {}),
              new TextEncoder(after).vectors(rows, _ -> {}));
    }
    return OutputError.between(
            judging,
            OutputError.answers(before, judging, _ -> {}),
            OutputError.answers(after, judging, _ -> {}))
        .loss();
  }

  /** Of all that a measurement depends on. */
  private String fingerprint() {
    try (InputStream stream = Files.newInputStream(original)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
        digest.update(buffer, 0, count);
      }
      // A file of samples may have changed under the same name.
      for (SampleSet samples : List.of(judging, fitting)) {
        for (List<TensorValue> sample : samples.samples()) {
          sample.forEach(value -> digest.update(value.tensor().data()));
        }
      }
      // So may what a candidate of that name is made by, in a later build.
      for (Recipe recipe : Recipe.all(options.staticStudent())) {
        digest.update(recipe.describe().getBytes(StandardCharsets.UTF_8));
      }
      return "%s, %d bytes in all, %s and %s, batch %d, %d rounds, seed %d"
          .formatted(
              HexFormat.of().formatHex(digest.digest()),
              Comparison.size(original),
              judging.origin(),
              fitting.origin(),
              options.batch(),
              options.rounds(),
              options.seed());
    } catch (IOException unreadable) {
      throw new OptimizerException(original + ": " + unreadable.getMessage(), unreadable);
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every JDK has SHA-256", missing);
    }
  }
}
