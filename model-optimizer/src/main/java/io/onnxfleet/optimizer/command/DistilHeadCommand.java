package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.command.option.LabelledOptions;
import io.onnxfleet.optimizer.command.result.ProgressLine;
import io.onnxfleet.optimizer.command.result.Workspace;
import io.onnxfleet.optimizer.head.Classifier;
import io.onnxfleet.optimizer.head.Embedder;
import io.onnxfleet.optimizer.head.EmbedderFolder;
import io.onnxfleet.optimizer.head.HeadReport;
import io.onnxfleet.optimizer.head.HeadTraining;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code distil head}: a classifier from an embedder and labelled texts. */
@Command(
    name = "head",
    description = {
      "Trains a classifier on the vectors of an embedding model, which stays as it is, from labelled"
          + " texts. Writes a model folder in the hub's layout, with report.json: accuracy on texts"
          + " that were not trained on, and the confusion matrix."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class DistilHeadCommand implements Callable<Integer> {
  private static final String AUTO = "auto";
  private static final int STEPS = 1000;

  @Parameters(paramLabel = "FOLDER", description = "The folder of an embedding model.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FOLDER",
      description = "The model folder to make.")
  private Path output;

  @Mixin private LabelledOptions labelled;

  @Option(
      names = {"-C", "--inverse-regularization"},
      paramLabel = "NUMBER",
      defaultValue = "1.0",
      description =
          "How little the weights are held back, as scikit-learn's C (default: ${DEFAULT-VALUE});"
              + " auto: chosen by cross-validation within the texts to train on.")
  private String strength;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    ProgressLine progress = new ProgressLine(spec.commandLine().getErr());
    HeadTraining training = new HeadTraining(strength(), labelled.seed());
    LabelledSplit split = labelled.split();
    EmbedderFolder folder = EmbedderFolder.read(input);
    try (ModelFolder result = ModelFolder.inHubLayout(output);
        Workspace workspace = Workspace.beside(output);
        Embedder embedder = Embedder.open(folder, workspace.folder())) {
      HeadReport report =
          new Classifier(
                  embedder,
                  (part, share) -> progress.at(part, (int) Math.round(share * STEPS), STEPS))
              .make(split, training, result);
      progress.clear();
      report.lines().forEach(out::println);
      result.text("report.json", report.json());
      result.publish();
    } finally {
      progress.clear();
    }
    out.println("written: " + output);
    return 0;
  }

  private OptionalDouble strength() {
    if (strength.equals(AUTO)) {
      return OptionalDouble.empty();
    }
    try {
      return OptionalDouble.of(Double.parseDouble(strength));
    } catch (NumberFormatException noNumber) {
      throw new OptimizerException(
          "-C: '%s' (expected: a number above 0, or %s)".formatted(strength, AUTO), noNumber);
    }
  }
}
