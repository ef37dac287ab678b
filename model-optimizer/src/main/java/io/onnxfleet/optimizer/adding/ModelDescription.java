package io.onnxfleet.optimizer.adding;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.PoolingMode;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextParameters;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.ServedFolder;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a model folder is, found out by reading it as the fleet does and running its model once, in
 * a process of its own.
 *
 * @param task that the fleet serves it for; null if that takes nothing but its tensors
 * @param lines for people
 */
public record ModelDescription(@Nullable ModelTask task, List<String> lines) {
  private static final String POINTER = "version https://git-lfs";
  private static final int MOST_SHOWN = 10;
  private static final int MOST_BYTES = 16 << 20;
  private static final String LICENCE = "license:";
  private static final String DASHES = "---";
  private static final int MOST_LINES = 1000;
  private static final int MOST_NAME = 80;

  /** Of the row that it is tried with, where it takes any number. */
  private static final int TOKENS = 4;

  public ModelDescription {
    lines = List.copyOf(lines);
  }

  /**
   * Finds out.
   *
   * @param licence that the hub says, or null
   * @throws OptimizerException if the fleet could not serve it, and why
   */
  static ModelDescription of(Path folder, @Nullable String licence) throws IOException {
    refusePointers(folder);
    ServedFolder served = ServedFolder.read(folder);
    run(served.file());
    List<String> lines = new ArrayList<>();
    ModelTask task = task(served, lines);
    lines.add("size: " + size(folder));
    lines.add("licence: " + licence(folder, licence));
    return new ModelDescription(task, lines);
  }

  private static void refusePointers(Path folder) throws IOException {
    for (Path file : Folders.files(folder)) {
      byte[] head;
      try (var in = Files.newInputStream(file)) {
        head = in.readNBytes(POINTER.length());
      }
      if (new String(head, StandardCharsets.US_ASCII).equals(POINTER)) {
        throw new OptimizerException(
            "%s is a pointer of Git LFS (expected: the file itself, as after 'git lfs pull')"
                .formatted(folder.relativize(file)));
      }
    }
  }

  /** Loads it, and runs it where it takes what a tokenizer makes. */
  private static void run(Path file) {
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      if (TextSamples.fits(model.inputs())) {
        List<TensorValue> row =
            TextSamples.rows(model.inputs(), List.of(new long[tokens(model.inputs())]));
        if (model.run(row).isEmpty()) {
          throw new OptimizerException(file + " answers no tensor of numbers (expected: one)");
        }
      }
    }
  }

  /** Of a row: as many as the model wants, or any number. */
  private static int tokens(List<InputSpec> inputs) {
    long wanted =
        inputs.stream()
            .filter(input -> input.name().equals(TextModel.INPUT_IDS))
            .mapToLong(input -> input.shape().getLast())
            .max()
            .orElse(-1);
    return wanted > 0 ? Math.toIntExact(wanted) : TOKENS;
  }

  /**
   * A first call, as a command.
   *
   * @param gateway its address
   * @param asksForKeys whether callers need one
   */
  public String curl(String model, String gateway, boolean asksForKeys) {
    return ExampleCall.curl(task, model, gateway, asksForKeys);
  }

  private static @Nullable ModelTask task(ServedFolder served, List<String> lines) {
    TextModel model;
    try {
      model =
          TextModel.of(
              served.name(),
              served.version(),
              served.inputs(),
              served.outputs(),
              served.parameters());
    } catch (InferenceException noText) {
      lines.add("task: tensors (%s)".formatted(noText.getMessage()));
      return null;
    }
    Optional<Path> tokenizer = served.files().find(SideFiles.TOKENIZER);
    if (tokenizer.isEmpty()) {
      lines.add("task: tensors (no %s, which text takes)".formatted(SideFiles.TOKENIZER));
      return null;
    }
    TextTokenizer.open(served.files(), tokenizer.get()).close();
    ModelTask task = model.task();
    if (task == ModelTask.EMBED) {
      String vectors =
          model.dimensions() > 0
              ? "vectors of %d numbers".formatted(model.dimensions())
              : "vectors";
      lines.add("task: %s (%s)".formatted(task.label(), vectors));
      lines.add(pooling(model, served));
    } else {
      lines.add("task: " + task.label() + source(served, TextParameters.TASK));
      labels(model.settings().task().labels()).ifPresent(lines::add);
    }
    return task;
  }

  private static String pooling(TextModel model, ServedFolder served) {
    Pooling pooling = model.pooling();
    return "pooling: %s%s, %s; windows of %s tokens"
        .formatted(
            pooling.modes().isEmpty() ? "in the model" : PoolingMode.name(pooling.modes()),
            source(served, TextParameters.POOLING),
            model.settings().normalizes() ? "scaled to length 1" : "not scaled",
            model
                .maxLength()
                .map(length -> length + source(served, TextParameters.MAX_SEQUENCE_LENGTH))
                .orElse("as many as the tokenizer says"));
  }

  private static String source(ServedFolder served, String parameter) {
    String source = served.parameters().get(parameter + TextParameters.SOURCE);
    return source == null ? "" : " (" + source + ")";
  }

  private static Optional<String> labels(List<String> labels) {
    String shown = String.join(", ", labels.subList(0, Math.min(MOST_SHOWN, labels.size())));
    return labels.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "labels: %d: %s%s"
                .formatted(labels.size(), shown, labels.size() > MOST_SHOWN ? ", ..." : ""));
  }

  private static String size(Path folder) throws IOException {
    return String.format(
        Locale.ROOT,
        "%.1f MB in %d files",
        Folders.size(folder) / 1e6,
        Folders.files(folder).size());
  }

  private static String licence(Path folder, @Nullable String said) throws IOException {
    if (said != null) {
      return said + " (the hub)";
    }
    Path card = folder.resolve("README.md");
    if (Files.isRegularFile(card) && Files.size(card) <= MOST_BYTES) {
      Optional<String> named =
          licenceOf(new String(Files.readAllBytes(card), StandardCharsets.UTF_8));
      if (named.isPresent()) {
        return named.get() + " (README.md)";
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.matches("(?:LICEN[SC]E|COPYING)(?:\\..*)?"))
          .sorted()
          .findFirst()
          .map(name -> "see " + name)
          .orElse("not stated");
    }
  }

  /** What the head of a model card says, which stands between two lines of dashes. */
  private static Optional<String> licenceOf(String card) {
    List<String> lines = card.lines().limit(MOST_LINES).toList();
    if (lines.isEmpty() || !lines.getFirst().endsWith(DASHES)) {
      return Optional.empty();
    }
    return lines.stream()
        .skip(1)
        .takeWhile(line -> !line.startsWith(DASHES))
        .filter(line -> line.startsWith(LICENCE))
        .map(line -> line.substring(LICENCE.length()).strip())
        .filter(name -> !name.isEmpty() && name.length() <= MOST_NAME)
        .findFirst();
  }
}
