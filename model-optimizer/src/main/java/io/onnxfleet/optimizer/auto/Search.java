package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.compare.Throughput;
import io.onnxfleet.optimizer.distil.LayerDistillation;
import io.onnxfleet.optimizer.distil.SimilarityAgreement;
import io.onnxfleet.optimizer.distil.StaticDistillation;
import io.onnxfleet.optimizer.distil.StaticOptions;
import io.onnxfleet.optimizer.distil.TextEncoder;
import io.onnxfleet.optimizer.distil.Vocabulary;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.precision.Precision;
import io.onnxfleet.optimizer.precision.PrecisionConversion;
import io.onnxfleet.optimizer.precision.PrecisionOptions;
import io.onnxfleet.optimizer.prune.StructuredPruning;
import io.onnxfleet.optimizer.quantize.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.QuantizationOptions;
import io.onnxfleet.optimizer.quantize.StaticQuantizer;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.Batches;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.io.IOException;
import java.io.InputStream;
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
    return recipe.step() instanceof Step.Keep ? original : workspace.resolve(recipe.fileName());
  }

  private Measurement measured(Recipe recipe, Ledger ledger) {
    Optional<Measurement> base = ledger.find(recipe.base());
    if (base.isPresent() && !base.get().usable()) {
      return Measurement.failed(recipe.name(), base.get().failure());
    }
    try {
      Path source = recipe.base().equals(Recipe.ORIGINAL) ? original : baseFile(recipe);
      make(recipe.step(), source, file(recipe));
      return measure(recipe, ledger);
    } catch (OptimizerException impossible) {
      if (recipe.step() instanceof Step.Keep) {
        throw impossible;
      }
      return Measurement.failed(recipe.name(), String.valueOf(impossible.getMessage()));
    } catch (OutOfMemoryError tooLarge) {
      if (recipe.step() instanceof Step.Keep) {
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

  private void make(Step step, Path source, Path result) {
    switch (step) {
      case Step.Keep _ -> {}
      case Step.Fuse _ -> {
        OnnxModel model = OnnxModel.read(source);
        fuse(model, TransformerFusion.Target.FP32);
        model.write(result);
      }
      case Step.DynamicInt8(boolean fused) -> {
        OnnxModel model = OnnxModel.read(source);
        if (fused) {
          fuse(model, TransformerFusion.Target.INT8);
        }
        DynamicQuantization.apply(model, QuantizationOptions.DEFAULT);
        model.write(result);
      }
      case Step.StaticInt8 _ ->
          StaticQuantizer.calibrate(
                  source,
                  workspace,
                  fitting,
                  io.onnxfleet.optimizer.quantize.StaticOptions.DEFAULT,
                  CalibrationOptions.DEFAULT,
                  done -> progress.at("calibration", done, fitting.size()))
              .quantize(io.onnxfleet.optimizer.quantize.StaticOptions.DEFAULT)
              .model()
              .write(result);
      case Step.Half _ -> {
        try (RunnableModel model = RunnableModel.open(source, SessionSettings.DEFAULT)) {
          new PrecisionConversion(
                  source,
                  workspace,
                  PrecisionOptions.of(Precision.MIXED),
                  done -> progress.at("precision", done, done))
              .run(model, fitting)
              .model()
              .write(result);
        }
      }
      case Step.Prune(var structure, double share) -> {
        OnnxModel model = OnnxModel.read(source);
        new StructuredPruning(fitting, workspace, progress).apply(model, structure, share);
        model.write(result);
      }
      case Step.DropLayer _ -> {
        LayerDistillation distillation = new LayerDistillation(fitting, workspace, progress);
        distillation.student(source, distillation.layers(source) - 1).model().write(result);
      }
      case Step.StaticStudent _ -> makeStatic(source, result);
    }
  }

  private static void fuse(OnnxModel model, TransformerFusion.Target target) {
    if (TransformerFusion.apply(model, target).isEmpty()) {
      throw new OptimizerException("nothing to fuse");
    }
  }

  private void makeStatic(Path source, Path result) {
    Path tokenizer =
        SampleSource.tokenizerOf(original)
            .orElseThrow(() -> new OptimizerException("no tokenizer beside the model"));
    try (RunnableModel teacher = RunnableModel.open(source, SessionSettings.DEFAULT)) {
      new StaticDistillation(StaticOptions.DEFAULT, progress)
          .student(new TextEncoder(teacher), Vocabulary.read(tokenizer), TextEncoder.rows(fitting))
          .write(result);
    }
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
    if (recipe.step() instanceof Step.StaticStudent) {
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
