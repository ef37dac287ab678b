package io.onnxfleet.benchmarks;

import static io.onnxfleet.benchmarks.command.CallersFolder.resolve;

import ai.onnxruntime.OrtException;
import io.onnxfleet.benchmarks.balancing.BalancingComparison;
import io.onnxfleet.benchmarks.bench.BenchCommand;
import io.onnxfleet.benchmarks.bench.ServerScenarioCommand;
import io.onnxfleet.benchmarks.chaos.ChaosCommand;
import io.onnxfleet.benchmarks.chaos.crowd.CrowdCommand;
import io.onnxfleet.benchmarks.client.FleetClient;
import io.onnxfleet.benchmarks.models.TinyModel;
import io.onnxfleet.benchmarks.policies.PolicyComparison;
import io.onnxfleet.benchmarks.quality.RerankCommand;
import io.onnxfleet.benchmarks.stored.CheckCommand;
import io.onnxfleet.benchmarks.stored.NodeTestsCommand;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command line: the first argument names what to run, the others are its own. */
@Command(
    name = "benchmarks",
    subcommands = {
      AutoscalingCommand.class,
      BenchCommand.class,
      CeilingCommand.class,
      ChaosCommand.class,
      CheckCommand.class,
      CrowdCommand.class,
      NodeTestsCommand.class,
      RawCommand.class,
      RerankCommand.class,
      RerankLoadCommand.class,
      ServerScenarioCommand.class,
      ShapesCommand.class
    },
    description = "Measures a running fleet from outside.")
final class Benchmarks {
  private Benchmarks() {}

  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, Charset.defaultCharset());
    PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
    System.exit(execute(arguments, out, err));
  }

  /** Runs one command; what goes wrong is told in a line, not by a stack trace. */
  static int execute(String[] arguments, PrintWriter out, PrintWriter err) {
    return new CommandLine(new Benchmarks())
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, commandLine, result) -> {
              commandLine.getErr().println(message(failure));
              return CommandLine.ExitCode.SOFTWARE;
            })
        .setParameterExceptionHandler(
            (failure, given) -> {
              CommandLine commandLine = failure.getCommandLine();
              commandLine.getErr().println(failure.getMessage());
              commandLine.getErr().println("(--help lists the options)");
              return CommandLine.ExitCode.USAGE;
            })
        .execute(arguments);
  }

  private static String message(Exception failure) {
    return failure instanceof IllegalArgumentException
            || failure instanceof IOException
            || failure instanceof OrtException
        ? String.valueOf(failure.getMessage())
        : failure.toString();
  }

  @Command(name = "demo", description = "Embeds sentences and pushes load.")
  int demo(@Parameters(paramLabel = "GATEWAY") URI gateway) throws IOException {
    try (FleetClient client = new FleetClient(gateway)) {
      new Demo(client, System::nanoTime, System.out).run();
    }
    return 0;
  }

  @Command(name = "tiny-model", description = "Writes models with next to no compute.")
  int tinyModel(@Parameters(paramLabel = "FOLDER") Path folder) throws IOException {
    TinyModel.write(resolve(folder));
    return 0;
  }

  @Command(name = "batched-model", description = "Makes a model of one row one of any number.")
  int batchedModel(
      @Parameters(paramLabel = "FILE") Path file, @Parameters(paramLabel = "FOLDER") Path folder)
      throws IOException {
    BatchedModel.write(resolve(file), resolve(folder));
    return 0;
  }

  @Command(name = "providers", description = "Which execution providers can work here.")
  int providers() {
    OnnxRuntime runtime = new OnnxRuntime(BufferPool.ofDefaults());
    for (ExecutionProvider provider :
        List.of(ExecutionProvider.CPU, ExecutionProvider.CUDA, ExecutionProvider.TENSORRT)) {
      System.out.println(
          provider.label() + ": " + runtime.obstacle(provider).orElse("can be used"));
    }
    return 0;
  }

  @Command(name = "policies", description = "Batching policies compared on a virtual clock.")
  int policies() {
    PolicyComparison.print(System.out);
    return 0;
  }

  @Command(name = "balancing", description = "Compares the balancing policies by simulation.")
  int balancing() {
    new BalancingComparison(System.out).run();
    return 0;
  }

  @Command(name = "on-demand", description = "More models than memory has room for.")
  int onDemand() throws IOException, InterruptedException {
    new OnDemandComparison(System.out).run();
    return 0;
  }
}
