package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.Calibration;
import io.onnxfleet.optimizer.calibrate.CalibrationMethod;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.calibrate.OpenedModel;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.quantize.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.FourBitQuantization;
import io.onnxfleet.optimizer.quantize.QuantizationOptions;
import io.onnxfleet.optimizer.quantize.SensitivitySearch;
import io.onnxfleet.optimizer.quantize.Smoothing;
import io.onnxfleet.optimizer.quantize.StaticOptions;
import io.onnxfleet.optimizer.quantize.StaticQuantization;
import io.onnxfleet.optimizer.quantize.StaticQuantizer;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quantize}: 8-bit or 4-bit weights. */
@Command(
    name = "quantize",
    description =
        "Makes weights 8-bit integers; what they are multiplied with becomes so at run time, or"
            + " with --static by ranges that samples show. Or makes weights 4-bit.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class QuantizeCommand implements Callable<Integer> {
  @Mixin private ModelFiles files;

  @Option(
      names = "--fuse",
      description = "Fuse attention, normalization and activations first (see the command fuse).")
  private boolean fuse;

  @Option(
      names = "--no-embeddings",
      negatable = false,
      description = "Leave tables of embeddings as they are.")
  private boolean keepEmbeddings;

  @Option(
      names = "--exclude",
      paramLabel = "NODE",
      description = "A node that stays as it is; may be given several times.")
  private Set<String> excluded = Set.of();

  @Option(
      names = "--target-error",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description =
          "Find the layers that hurt most and compute as few of them in FP32 as bring the relative"
              + " error down to this. Their weights are stored in 8 bits all the same, unless"
              + " --static.")
  private @Nullable Fraction targetError;

  @Option(
      names = "--smooth",
      paramLabel = "STRENGTH",
      converter = Fraction.Converter.class,
      description =
          "Move large columns of activations into the weights first: 0 not at all, 1 as a whole; 0.5"
              + " is a good choice for transformers.")
  private @Nullable Fraction smooth;

  @Option(
      names = "--static",
      description = "Take the ranges of activations from samples, and leave all in 8 bits between.")
  private boolean calibrated;

  @Option(
      names = "--format",
      defaultValue = "QDQ",
      description = "With --static: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private StaticOptions.Format format;

  @Option(
      names = "--calibration",
      defaultValue = "min-max",
      description = "With --static: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private CalibrationMethod method;

  @Option(
      names = "--percentile",
      paramLabel = "SHARE",
      defaultValue = "99.999%",
      converter = Fraction.Converter.class,
      description = "With --calibration percentile: what stays (default: ${DEFAULT-VALUE}).")
  private Fraction percentile;

  @Option(
      names = "--symmetric",
      description = "With --static or --bits 4: zero lies in the middle, always.")
  private boolean symmetric;

  @Option(
      names = "--operators",
      split = ",",
      paramLabel = "OPERATOR",
      description = "With --static: only these become 8-bit (default: all that are known).")
  private Set<String> operators = Set.of();

  @Option(
      names = "--bits",
      paramLabel = "N",
      defaultValue = "8",
      description = "Of weights: 8, or 4 in blocks (default: ${DEFAULT-VALUE}).")
  private int bits;

  @Option(
      names = "--block-size",
      paramLabel = "N",
      defaultValue = "32",
      description = "With --bits 4: how many weights share a scale (default: ${DEFAULT-VALUE}).")
  private int blockSize;

  @Option(
      names = "--fast-products",
      description = "With --bits 4: activations become 8-bit by blocks when they are multiplied.")
  private boolean fastProducts;

  @Mixin private QualityGate gate;

  @Spec private CommandSpec spec;

  /** Null as long as nothing is fitted to samples. */
  private @Nullable SampleSplit split;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    requireTogether();
    try (Workspace workspace = Workspace.beside(files.output())) {
      Path source = prepared(workspace, out, err);
      OnnxModel model;
      if (bits == 4) {
        model = fourBit(source, out);
      } else if (calibrated) {
        model = calibrated(source, workspace, out, err);
      } else {
        model = dynamic(source, workspace, out, err);
      }
      return gate.publish(model, files, split, workspace, out, err);
    }
  }

  private void requireTogether() {
    if (bits != 8 && bits != 4) {
      throw new OptimizerException("--bits: %d (expected: 8 or 4)".formatted(bits));
    }
    if (bits == 4 && (calibrated || targetError != null)) {
      throw new OptimizerException(
          "--bits 4 stands alone (expected: neither --static nor --target-error with it)");
    }
  }

  /** The model that is quantized: the given one, or one made of it that computes the same. */
  private Path prepared(Workspace workspace, PrintWriter out, PrintWriter err) {
    Path source = files.input();
    if (fuse) {
      OnnxModel model = OnnxModel.read(source);
      Map<String, Integer> made =
          TransformerFusion.apply(
              model,
              calibrated || bits == 4
                  ? TransformerFusion.Target.FP32
                  : TransformerFusion.Target.INT8);
      out.println("fused: " + made);
      source = workspace.file("fused.onnx");
      model.write(source);
    }
    if (smooth == null) {
      return source;
    }
    OnnxModel model = OnnxModel.read(source);
    Set<String> values = Smoothing.values(model);
    ProgressLine progress = new ProgressLine(err);
    try (OpenedModel opened = OpenedModel.of(source, values, workspace.file("columns.onnx"))) {
      SampleSet samples = split().fitting();
      Map<String, float[]> columns =
          new Calibration(opened, samples, done -> progress.at("columns", done, samples.size()))
              .columns(values);
      out.println("smoothed: " + Smoothing.apply(model, columns, (float) smooth.value()));
    } finally {
      progress.clear();
    }
    Path smoothed = workspace.file("smooth.onnx");
    model.write(smoothed);
    return smoothed;
  }

  /** Found once, so that every step fits to the same ones. */
  private SampleSplit split() {
    SampleSplit known = split;
    if (known == null) {
      known = gate.samples().split(files.input());
      split = known;
    }
    return known;
  }

  private OnnxModel fourBit(Path source, PrintWriter out) {
    OnnxModel model = OnnxModel.read(source);
    List<String> products =
        FourBitQuantization.apply(
            model, new FourBitQuantization.Options(blockSize, symmetric, !fastProducts, excluded));
    out.printf("4-bit: %d products%n", products.size());
    if (!keepEmbeddings) {
      out.printf("8-bit: %d tables%n", DynamicQuantization.applyToTables(model));
    }
    return model;
  }

  private OnnxModel dynamic(Path source, Workspace workspace, PrintWriter out, PrintWriter err) {
    QuantizationOptions options = new QuantizationOptions(!keepEmbeddings, excluded, Set.of());
    if (targetError != null) {
      List<String> candidates =
          DynamicQuantization.candidates(OnnxModel.read(source)).stream()
              .filter(name -> !excluded.contains(name))
              .toList();
      options =
          options.withWeightsOnly(
              leastSensitive(
                  candidates,
                  nodes -> {
                    OnnxModel model = OnnxModel.read(source);
                    DynamicQuantization.apply(
                        model, new QuantizationOptions(!keepEmbeddings, excluded, nodes));
                    return model;
                  },
                  workspace,
                  out,
                  err));
    }
    OnnxModel model = OnnxModel.read(source);
    DynamicQuantization.Outcome outcome = DynamicQuantization.apply(model, options);
    out.printf(
        "8-bit: %d products, %d tables%n",
        outcome.products().size() - options.weightsOnly().size(), outcome.tables());
    return model;
  }

  private OnnxModel calibrated(Path source, Workspace workspace, PrintWriter out, PrintWriter err) {
    StaticOptions options = new StaticOptions(format, symmetric, operators, excluded);
    SampleSet samples = split().fitting();
    ProgressLine progress = new ProgressLine(err);
    StaticQuantizer quantizer;
    try {
      quantizer =
          StaticQuantizer.calibrate(
              source,
              workspace.folder(),
              samples,
              options,
              new CalibrationOptions(method, percentile.value()),
              done -> progress.at("calibration", done, samples.size()));
    } finally {
      progress.clear();
    }
    StaticOptions chosen = options;
    if (targetError != null) {
      Set<String> all = new HashSet<>(excluded);
      all.addAll(
          leastSensitive(
              StaticQuantization.candidates(quantizer.model(), options),
              nodes -> {
                Set<String> left = new HashSet<>(excluded);
                left.addAll(nodes);
                return quantizer.quantize(options.excluding(left)).model();
              },
              workspace,
              out,
              err));
      chosen = options.excluding(all);
    }
    StaticQuantizer.Result result = quantizer.quantize(chosen);
    out.printf("8-bit: %d nodes%n", result.outcome().nodes().size());
    return result.model();
  }

  /** Those to leave out so that the error is what was asked for. */
  private Set<String> leastSensitive(
      List<String> candidates,
      Function<Set<String>, OnnxModel> without,
      Workspace workspace,
      PrintWriter out,
      PrintWriter err) {
    ProgressLine progress = new ProgressLine(err);
    Path file = workspace.file("candidate.onnx");
    try (RunnableModel original = RunnableModel.open(files.input(), SessionSettings.DEFAULT)) {
      SampleSet samples = split().fitting();
      List<List<TensorValue>> answers = OutputError.answers(original, samples, _ -> {});
      SensitivitySearch.Outcome outcome =
          new SensitivitySearch(
                  candidates,
                  nodes -> {
                    without.apply(nodes).write(file);
                    try (RunnableModel candidate =
                        RunnableModel.open(file, SessionSettings.DEFAULT)) {
                      return OutputError.between(
                              samples, answers, OutputError.answers(candidate, samples, _ -> {}))
                          .relativeError();
                    }
                  },
                  (done, of) -> progress.at("sensitivity", done, of))
              .run(targetError == null ? 1 : targetError.value());
      progress.clear();
      out.printf(
          Locale.ROOT,
          "in FP32: %d of %d layers: %s%n",
          outcome.excluded().size(),
          candidates.size(),
          outcome.excluded());
      return outcome.excluded();
    } finally {
      progress.clear();
    }
  }
}
