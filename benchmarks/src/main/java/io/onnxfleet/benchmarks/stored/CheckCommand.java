package io.onnxfleet.benchmarks.stored;

import io.onnxfleet.benchmarks.stored.Agreement.Tolerance;
import io.onnxfleet.benchmarks.stored.InferenceCall.Ports;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code check}: every model that a server has against its stored outputs, as a table. */
@Command(
    name = "check",
    description = "Compares a server's answers with stored outputs.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit code:%n",
    exitCodeList = {"0: all agree", "1: some do not"})
public final class CheckCommand implements Callable<Integer> {
  /** Quantized models differ between kernels by some quanta. */
  private static final Map<String, Double> ABSOLUTE =
      Map.of("mnist-cnn-int8-qdq", 0.3, "ultraface-int8-qoperator", 0.1);

  private static final String PLACED = "nodes on the CPU";

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--url", required = true, paramLabel = "U", description = "http://host:port.")
  private URI url = URI.create("");

  @Option(
      names = "--stored",
      required = true,
      paramLabel = "FOLDER",
      description = "For each model a folder of its name with its test_data_set_<k>.")
  private Path stored = Path.of("");

  @Option(names = "--relative", description = "Of a stored real. Default: ${DEFAULT-VALUE}.")
  private double relative = 1e-3;

  @Option(names = "--absolute", description = "For reals near 0. Default: ${DEFAULT-VALUE}.")
  private double absolute = 1e-5;

  @Option(
      names = "--provider",
      paramLabel = "P",
      description = "Every model must run on it; cuda, say.")
  private @Nullable String provider;

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    int failed = 0;
    try (InferenceCall server = new InferenceCall(url)) {
      Map<String, List<String>> health = server.health();
      out.println("| Model | Runs on | Nodes on the CPU | Sets | Worst, of what is allowed | |");
      out.println("|---|---|---|---:|---:|---|");
      for (Path model : models()) {
        String name = model.getFileName().toString();
        List<String> said = health.getOrDefault(name, List.of("not served"));
        Agreement agreement = check(server, model, said);
        failed += agreement.agrees() ? 0 : 1;
        out.println(row(name, said, StoredSets.in(model).folders().size(), agreement));
        out.flush();
      }
    }
    out.println();
    out.println(failed == 0 ? "All agree." : failed + " do not agree.");
    return failed == 0 ? 0 : 1;
  }

  private List<Path> models() throws IOException {
    try (Stream<Path> folders = Files.list(stored)) {
      return folders.filter(Files::isDirectory).sorted().toList();
    }
  }

  private Agreement check(InferenceCall server, Path model, List<String> said)
      throws InterruptedException {
    String name = model.getFileName().toString();
    String wanted = "on " + provider;
    if (provider != null && !said.contains(wanted)) {
      return Agreement.disagreement("%s (expected %s)".formatted(said, wanted));
    }
    Tolerance tolerance =
        new Tolerance(relative, Math.max(absolute, ABSOLUTE.getOrDefault(name, 0.0)));
    try {
      Ports ports = server.ports(name);
      Agreement all = Agreement.WHOLE;
      for (Path set : StoredSets.in(model).folders()) {
        Map<String, StoredTensor> answer = server.infer(name, StoredSets.inputs(set, ports));
        all = all.and(StoredSets.compare(set, ports, answer, tolerance));
      }
      return all;
    } catch (IOException failure) {
      return Agreement.disagreement(String.valueOf(failure.getMessage()));
    }
  }

  static String row(String name, List<String> said, int sets, Agreement agreement) {
    List<String> cells = new ArrayList<>();
    cells.add(name);
    cells.add(said.stream().filter(text -> text.startsWith("on ")).findFirst().orElse("-"));
    cells.add(
        said.stream()
            .filter(text -> text.contains(PLACED))
            .map(text -> text.replace(" " + PLACED, ""))
            .findFirst()
            .orElse("-"));
    cells.add(Integer.toString(sets));
    cells.add("%.3f".formatted(agreement.worst()));
    String difference = agreement.difference();
    cells.add(
        difference == null ? sets == 0 ? "loaded" : "agrees" : "**" + difference.strip() + "**");
    return "| "
        + String.join(" | ", cells.stream().map(c -> c.replace("|", "\\|")).toList())
        + " |";
  }
}
