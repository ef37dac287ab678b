package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.command.option.Fraction;
import io.onnxfleet.optimizer.command.option.SampleOptions;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.ProgressLine;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.compare.ComparisonOptions;
import io.onnxfleet.optimizer.compare.ComparisonReport;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code compare}: what candidates lost and what they gained. */
@Command(
    name = "compare",
    description = "Measures models side by side: outputs, size, and speed in turns.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class CompareCommand implements Callable<Integer> {
  @Parameters(
      arity = "2..*",
      paramLabel = "MODEL",
      description = "The original, then its candidates.")
  private List<Path> models;

  @Option(
      names = "--batch",
      split = ",",
      paramLabel = "N",
      defaultValue = "1,8",
      description = "Batch sizes at which speed is measured (default: ${DEFAULT-VALUE}).")
  private List<Integer> batchSizes;

  @Option(names = "--no-speed", description = "Compare outputs and sizes only.")
  private boolean noSpeed;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Tokens of every row when speed is measured (default: the lengths that the samples have).")
  private @Nullable Integer tokens;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "9",
      description = "How often the models take turns (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description = "Threads of a session (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--max-quality-loss",
      paramLabel = "SHARE",
      converter = Fraction.Converter.class,
      description =
          "Exit with 3 if a candidate's mean cosine to the original's outputs is lower by more.")
  private @Nullable Fraction maxLoss;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the report there too.")
  private @Nullable Path json;

  @Mixin private SampleOptions samples;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    ComparisonOptions options =
        new ComparisonOptions(
            noSpeed ? List.of() : batchSizes,
            tokens == null ? OptionalInt.empty() : OptionalInt.of(tokens),
            rounds,
            new SessionSettings(threads, OptimizationLevel.ALL));
    ComparisonReport report = measure(options, err);
    out.println("Samples: " + report.samples() + ". Threads: " + report.threads() + ".");
    if (!report.tokens().isEmpty() && !noSpeed) {
      out.println("Tokens of a row: " + report.tokens() + ".");
    }
    out.println();
    out.print(report.table());
    out.flush();
    if (json != null) {
      try {
        Files.writeString(json, report.json() + System.lineSeparator());
      } catch (IOException failure) {
        throw new OptimizerException(json + " cannot be written: " + failure, failure);
      }
    }
    int code = 0;
    for (ComparisonReport.Row row : report.rows()) {
      if (maxLoss != null && row.error().loss() > maxLoss.value()) {
        err.printf(
            Locale.ROOT,
            "optimize: %s: the quality loss is %.4f (expected: <= %.4f)%n",
            row.model(),
            row.error().loss(),
            maxLoss.value());
        code = ExitCode.REFUSED;
      }
    }
    return code;
  }

  private ComparisonReport measure(ComparisonOptions options, PrintWriter err) {
    List<RunnableModel> open = new ArrayList<>();
    ProgressLine progress = new ProgressLine(err);
    try {
      for (Path model : models) {
        open.add(RunnableModel.open(model, options.settings()));
      }
      return new Comparison(options, progress).run(open, samples.samplesFor(open.getFirst()));
    } finally {
      progress.clear();
      open.forEach(RunnableModel::close);
    }
  }
}
