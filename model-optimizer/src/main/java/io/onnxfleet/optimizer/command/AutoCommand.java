package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.auto.Measurement;
import io.onnxfleet.optimizer.auto.Search;
import io.onnxfleet.optimizer.auto.SearchOptions;
import io.onnxfleet.optimizer.auto.SearchReport;
import io.onnxfleet.optimizer.auto.Target;
import io.onnxfleet.optimizer.command.option.FitOptions;
import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.ProgressLine;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.repository.Folders;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.SampleSplit;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code auto}: the best of all that the other commands can do. */
@Command(
    name = "auto",
    description = {
      "Makes and measures many candidates, and writes the best that loses no more than allowed as a"
          + " model folder, with a report. Stopped and started again, it goes on where it was."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class AutoCommand implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FOLDER",
      description = "The model folder to make.")
  private Path output;

  @Option(
      names = "--max-quality-loss",
      paramLabel = "SHARE",
      defaultValue = "1%",
      converter = Fraction.Converter.class,
      description = "1 less the mean cosine to the original's outputs (default: ${DEFAULT-VALUE}).")
  private Fraction maxLoss;

  @Option(
      names = "--target",
      paramLabel = "NAME",
      defaultValue = "throughput",
      description = "What to be best at: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Target target;

  @Option(
      names = "--static",
      description =
          "Try a table of the tokens' vectors too (see distil static). Its loss is 1 less the rank"
              + " correlation of the similarities.")
  private boolean staticStudent;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Rows of a batch when throughput is measured (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "7",
      description = "How often the models take turns (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--family",
      paramLabel = "NAME",
      description = "The family that the model joins (default: the name of the original's folder).")
  private @Nullable String family;

  @Mixin private FitOptions fit;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    SearchOptions options =
        new SearchOptions(target, maxLoss.value(), batch, rounds, staticStudent, samples.seed());
    ProgressLine progress = new ProgressLine(err);
    // Begun first: a place that cannot be written to is to be known before hours have passed.
    try (ModelFolder folder = ModelFolder.at(output)) {
      SampleSet judging;
      SampleSet fitting;
      try (RunnableModel original = RunnableModel.open(input, SessionSettings.DEFAULT)) {
        SampleSplit split = fit.split(original, samples);
        judging =
            split
                .judging()
                .orElseThrow(
                    () ->
                        new OptimizerException(
                            "candidates are chosen by samples that nothing was fitted to, but "
                                + split.reason()));
        fitting = split.fitting();
      }
      Path workspace = workspace();
      Search search = new Search(input, workspace, options, judging, fitting, progress);
      SearchReport report = search.run();
      progress.clear();
      out.print(report.table());
      out.flush();
      Optional<Measurement> chosen = report.chosen();
      if (chosen.isPresent()) {
        write(folder, report, chosen.get(), search.fileOf(chosen.get()));
        out.println("written: " + output + " (" + chosen.get().name() + ")");
      } else {
        err.printf(
            Locale.ROOT,
            "optimize: no candidate is better and loses at most %.4f; nothing was written%n",
            maxLoss.value());
      }
      Folders.remove(workspace);
      return chosen.isPresent() ? 0 : ExitCode.REFUSED;
    } finally {
      progress.clear();
    }
  }

  private void write(ModelFolder folder, SearchReport report, Measurement chosen, Path file) {
    OnnxModel.read(file).write(folder.model());
    SampleSource.tokenizerOf(input).ifPresent(folder::tokenizer);
    folder.join(
        family == null ? ModelFolder.nameOf(input) : family,
        1 - chosen.loss(),
        chosen.milliseconds());
    folder.text("report.json", report.json());
    folder.text("report.html", report.html());
    folder.publish();
  }

  /** Beside the place of the result, under a name that a second start finds again. */
  private Path workspace() {
    Path target = output.toAbsolutePath().normalize();
    Path workspace = target.resolveSibling(".auto-" + target.getFileName());
    try {
      return Files.createDirectories(workspace);
    } catch (IOException failure) {
      throw new OptimizerException(
          "%s cannot be written: %s".formatted(workspace, failure), failure);
    }
  }
}
