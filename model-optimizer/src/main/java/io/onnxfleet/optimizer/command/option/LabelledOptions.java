package io.onnxfleet.optimizer.command.option;

import io.onnxfleet.optimizer.sample.labelled.LabelledColumns;
import io.onnxfleet.optimizer.sample.labelled.LabelledFile;
import io.onnxfleet.optimizer.sample.labelled.LabelledFormat;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import io.onnxfleet.optimizer.sample.labelled.LabelledText;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which labelled texts to train on, and which to judge by. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
public final class LabelledOptions {
  @Option(
      names = "--train",
      required = true,
      paramLabel = "FILE",
      description = "Texts and their labels: CSV, TSV or JSONL, in UTF-8.")
  private Path training;

  @Option(
      names = "--held-out",
      paramLabel = "FILE",
      description = "The same, to judge by and for nothing else.")
  private @Nullable Path held;

  @Option(
      names = "--held-out-share",
      paramLabel = "SHARE",
      defaultValue = "20%",
      converter = Fraction.Converter.class,
      description =
          "Without such a file: the share of each label's texts that is not trained on (default:"
              + " ${DEFAULT-VALUE}).")
  private Fraction share;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "For what is kept out (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "Of the files: ${COMPLETION-CANDIDATES}. Without it their names say it, or else their first"
              + " line. TSV knows no quotes.")
  private @Nullable LabelledFormat format;

  @Option(
      names = "--text-column",
      paramLabel = "NAME",
      defaultValue = "text",
      description = "The column or key of the texts (default: ${DEFAULT-VALUE}).")
  private String text;

  @Option(
      names = "--label-column",
      paramLabel = "NAME",
      defaultValue = "label",
      description = "The column or key of the labels (default: ${DEFAULT-VALUE}).")
  private String label;

  @Option(
      names = "--no-header",
      description = "The first row is no header: of two columns, the first is the text.")
  private boolean noHeader;

  public long seed() {
    return seed;
  }

  public LabelledSplit split() {
    LabelledColumns columns = new LabelledColumns(format, text, label, !noHeader);
    List<LabelledText> texts = LabelledFile.read(training, columns);
    return held == null
        ? LabelledSplit.stratified(texts, share.value(), seed)
        : new LabelledSplit(
            texts, LabelledFile.read(held, columns), String.valueOf(held.getFileName()));
  }
}
