package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.adding.Adding;
import io.onnxfleet.optimizer.adding.FamilyJoining;
import io.onnxfleet.optimizer.adding.ModelDescription;
import io.onnxfleet.optimizer.adding.ModelSource;
import io.onnxfleet.optimizer.adding.SmallerForm;
import io.onnxfleet.optimizer.command.result.ExitCode;
import io.onnxfleet.optimizer.command.result.ProgressLine;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code ./fleet add}. Exits with 0 when the model is there, 1 when it cannot be had or served, 2
 * when the command line is wrong, 3 when its 8-bit form lost too much and was not written.
 */
@Command(
    name = "add",
    description = {
      "Brings a model into the models folder: from a folder or an archive of this machine, or from"
          + " a hub of models. Checks that it can be served, and says what it is and how it is"
          + " asked.",
      "",
      "HF_ENDPOINT names another hub than huggingface.co, HF_TOKEN holds a token for it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
public final class AddCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "SOURCE",
      description = "A folder, an archive (.zip, .tar.gz), or hf://ORG/NAME[@REVISION].")
  private String source;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Of the model in the fleet (default: the source's).")
  private @Nullable String name;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "The ONNX file to serve, such as onnx/model_quantized.onnx (default: onnx/model.onnx, or"
              + " else model.onnx).")
  private @Nullable String file;

  @Option(
      names = "--models",
      required = true,
      paramLabel = "DIR",
      description = "The models folder (default: the running fleet's, or models/).")
  private Path models;

  @Option(
      names = "--max-bytes",
      paramLabel = "N",
      defaultValue = "34359738368",
      description =
          "Of each file, and of all that an archive unpacks to (default: ${DEFAULT-VALUE}).")
  private long maxBytes;

  @Option(
      names = "--optimize",
      description =
          "Also make an 8-bit, fused form of it, NAME-int8, as ./fleet optimize quantize --fuse"
              + " does.")
  private boolean optimize;

  @Option(
      names = "--family",
      paramLabel = "NAME",
      description =
          "Make it, and its 8-bit form, members of this family: who asks for NAME is answered by"
              + " the best member that can keep the caller's time.")
  private @Nullable String family;

  @Option(
      names = "--quality",
      paramLabel = "SHARE",
      description =
          "With --family: the model's quality as you measured it, 0 to 1 (default: its place by"
              + " size).")
  private @Nullable Double quality;

  @Option(names = "--gateway", defaultValue = "http://localhost:8080", hidden = true)
  private String gateway;

  @Option(names = "--asks-for-keys", hidden = true)
  private boolean asksForKeys;

  @Spec private CommandSpec spec;

  private final Map<String, String> variables;

  AddCommand(Map<String, String> variables) {
    this.variables = Map.copyOf(variables);
  }

  public static void main(String[] arguments) {
    System.exit(
        commandLine(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                System.getenv())
            .execute(arguments));
  }

  static CommandLine commandLine(PrintWriter out, PrintWriter err, Map<String, String> variables) {
    CommandLine commandLine = new CommandLine(new AddCommand(variables));
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setExecutionExceptionHandler(
        (failure, command, _) -> {
          if (failure instanceof OptimizerException) {
            command.getErr().println("fleet: add: " + failure.getMessage());
            return ExitCode.FAILED;
          }
          throw failure;
        });
    return commandLine;
  }

  @Override
  public Integer call() throws InterruptedException {
    requireQuality();
    FamilyJoining joining = family == null ? null : new FamilyJoining(models, family);
    PrintWriter out = spec.commandLine().getOut();
    ProgressLine progress = new ProgressLine(spec.commandLine().getErr());
    Adding.Added added;
    try {
      added =
          new Adding(
                  models,
                  variables,
                  new Adding.Options(name, file, maxBytes),
                  (part, bytes, of) -> progress.at(part, kilobytes(bytes), kilobytes(of)))
              .add(ModelSource.parse(source));
    } finally {
      progress.clear();
    }
    String model = String.valueOf(added.folder().getFileName());
    out.printf("%s%s%n", added.before() ? "there already: " : "added: ", added.folder());
    out.println("source: " + added.source());
    // Names and labels are others' words: none of them is to steer a terminal.
    added.description().lines().forEach(line -> out.println(line.replaceAll("\\p{Cntrl}", "?")));
    out.println();
    out.println(added.description().curl(model, gateway, asksForKeys));
    if (joining != null) {
      join(joining, added.folder(), quality);
    }
    int code = optimize ? optimize(added.folder(), added.description(), joining) : 0;
    if (joining != null) {
      describe(joining);
    }
    return code;
  }

  private void requireQuality() {
    Double given = quality;
    if (given == null) {
      return;
    }
    if (family == null) {
      throw new ParameterException(spec.commandLine(), "--quality (expected: --family with it)");
    }
    if (!(given >= 0 && given <= 1)) {
      throw new ParameterException(
          spec.commandLine(), "--quality: %s (expected: 0 to 1)".formatted(given));
    }
  }

  private void join(FamilyJoining joining, Path folder, @Nullable Double stated) {
    FamilyJoining.Joined joined = joining.join(folder, stated);
    if (joined.bySize()) {
      spec.commandLine()
          .getOut()
          .printf(
              Locale.ROOT,
              "%nquality of %s: %.4f, its place by size; nothing was measured (--quality states"
                  + " what you measured)%n",
              joined.member().model(),
              joined.member().quality());
    }
  }

  private void describe(FamilyJoining joining) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%nfamily %s, best first:%n", family);
    for (FamilyJoining.Member member : joining.members()) {
      out.printf(
          Locale.ROOT,
          "  %s, quality %.4f, %,d bytes%s%n",
          member.model(),
          member.quality(),
          member.bytes(),
          member.isComparable() ? ", vectors comparable" : "");
    }
  }

  private int optimize(Path folder, ModelDescription description, @Nullable FamilyJoining joining) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    out.println();
    SmallerForm.Made made =
        SmallerForm.of(
            folder,
            (model, result) ->
                OptimizeCommand.commandLine(out, err)
                    .execute("quantize", "--fuse", model.toString(), "-o", result.toString()));
    if (made.code() == 0) {
      out.printf("%s%s%n%n", made.before() ? "there already: " : "added: ", made.folder());
      out.println(
          description.curl(String.valueOf(made.folder().getFileName()), gateway, asksForKeys));
      if (joining != null) {
        join(joining, made.folder(), null);
        joining.declareComparable(folder, made.folder());
      }
    }
    return made.code();
  }

  private static int kilobytes(long bytes) {
    return Math.clamp(bytes / 1024, 0, Integer.MAX_VALUE);
  }
}
