package io.onnxfleet.optimizer.command;

import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.command.option.FitOptions;
import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.ProgressLine;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.compare.Throughput;
import io.onnxfleet.optimizer.distil.SimilarityAgreement;
import io.onnxfleet.optimizer.distil.StaticDistillation;
import io.onnxfleet.optimizer.distil.StaticOptions;
import io.onnxfleet.optimizer.distil.TextEncoder;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.Batches;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code distil static}: a text encoder as a table of its tokens' vectors. */
@Command(
    name = "static",
    description = {
      "Makes a text encoder a table of its tokens' vectors: hundreds of times faster, blind to the"
          + " order of words. Writes a model folder."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class DistilStaticCommand implements Callable<Integer> {
  private static final int TOKENS = 32;
  private static final int ROUNDS = 9;

  @Parameters(paramLabel = "MODEL", description = "A text encoder with its tokenizer.json.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FOLDER",
      description = "The model folder to make.")
  private Path output;

  @Option(
      names = "--dimensions",
      paramLabel = "N",
      defaultValue = "256",
      description = "Of a vector (default: ${DEFAULT-VALUE}).")
  private int dimensions;

  @Option(
      names = "--frequency-weight",
      paramLabel = "A",
      defaultValue = "1e-4",
      description =
          "Tokens of probability p count A / (A + p): the smaller, the less frequent ones count"
              + " (default: ${DEFAULT-VALUE}).")
  private double weight;

  @Option(
      names = "--no-fit",
      description =
          "Fit the table to no text: the vocabulary is all that the teacher is asked about.")
  private boolean noFit;

  @Option(
      names = "--min-agreement",
      paramLabel = "SHARE",
      defaultValue = "0.8",
      converter = Fraction.Converter.class,
      description =
          "Refuse a student whose similarities of held-back texts correlate less in rank with the"
              + " teacher's (default: ${DEFAULT-VALUE}).")
  private Fraction minAgreement;

  @Option(
      names = "--family",
      paramLabel = "NAME",
      description =
          "The family that the student joins (default: the name of the teacher's folder).")
  private @Nullable String family;

  @Mixin private FitOptions fit;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    StaticOptions options = new StaticOptions(dimensions, weight);
    Path tokenizer =
        SampleSource.tokenizerOf(input)
            .orElseThrow(
                () ->
                    new OptimizerException(
                        "%s: no %s in its folder or the one above"
                            .formatted(input, TextTokenizer.FILE_NAME)));
    ProgressLine progress = new ProgressLine(err);
    try (ModelFolder folder = ModelFolder.at(output);
        Workspace workspace = Workspace.beside(output);
        RunnableModel teacher = RunnableModel.open(input, SessionSettings.DEFAULT)) {
      TextEncoder encoder = new TextEncoder(teacher);
      SampleSplit split = noFit ? null : fit.split(teacher, samples);
      SampleSet held =
          split == null
              ? samples.samplesFor(teacher)
              : split.judging().orElseThrow(() -> new OptimizerException(split.reason()));
      List<long[]> judging = TextEncoder.rows(held);
      Draft draft = Draft.of(input, workspace.folder());
      StaticDistillation.Outcome outcome =
          new StaticDistillation(options, split != null)
              .apply(
                  draft,
                  new PassContext(
                      input,
                      workspace.folder(),
                      () -> split == null ? held : split.fitting(),
                      progress));
      draft.model().write(folder.model());
      progress.clear();
      try (RunnableModel student = RunnableModel.open(folder.model(), SessionSettings.DEFAULT)) {
        double agreement =
            SimilarityAgreement.between(
                encoder.vectors(judging, done -> progress.at("judging", done, judging.size())),
                new TextEncoder(student).vectors(judging, _ -> {}));
        progress.clear();
        out.printf(
            Locale.ROOT,
            "fitted to %d texts; rank correlation with the teacher's similarities of %d held-back"
                + " texts: %.4f%n",
            outcome.texts(),
            judging.size(),
            agreement);
        if (!(agreement >= minAgreement.value())) {
          err.printf(
              Locale.ROOT,
              "optimize: the rank correlation is %.4f (expected: >= %.4f); nothing was written%n",
              agreement,
              minAgreement.value());
          return ExitCode.REFUSED;
        }
        double cost = speed(teacher, student, held, out);
        folder.join(family == null ? ModelFolder.nameOf(input) : family, agreement, cost);
      }
      folder.tokenizer(tokenizer);
      folder.publish();
    } finally {
      progress.clear();
    }
    out.println("written: " + output);
    return 0;
  }

  /** Milliseconds of a row, alone. */
  private static double speed(
      RunnableModel teacher, RunnableModel student, SampleSet all, PrintWriter out) {
    double cost = 0;
    for (int rows : new int[] {1, 8, 16}) {
      List<TensorValue> batch =
          Batches.of(teacher, all, rows, OptionalInt.of(TOKENS)).orElseThrow();
      List<Throughput.Speed> speeds =
          new Throughput(ROUNDS).measure(List.of(teacher, student), batch, rows);
      if (rows == 1) {
        cost = speeds.getLast().latency().toNanos() / 1e6;
      }
      out.printf(
          Locale.ROOT,
          "%d x %d tokens: teacher %.1f rows/s, student %.1f rows/s: %.1f times%n",
          rows,
          TOKENS,
          speeds.getFirst().rowsPerSecond(),
          speeds.getLast().rowsPerSecond(),
          speeds.getLast().ratio());
    }
    return cost;
  }
}
