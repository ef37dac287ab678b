package io.onnxfleet.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command line: the first argument names what to run, the others are its own. */
@Command(
    name = "benchmarks",
    subcommands = {BenchCommand.class, CeilingCommand.class},
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
    return failure instanceof IllegalArgumentException || failure instanceof IOException
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

  @Command(name = "saturation", description = "Throughput against raw ONNX Runtime.")
  int saturation(
      @Parameters(paramLabel = "GATEWAY") URI gateway,
      @Parameters(paramLabel = "REPLICA") URI replica,
      @Parameters(paramLabel = "MODEL_FILE") Path modelFile,
      @Parameters(paramLabel = "SECONDS", defaultValue = "5") int seconds,
      @Parameters(paramLabel = "ROUNDS", defaultValue = "3") int rounds)
      throws IOException {
    try (FleetClient gatewayClient = new FleetClient(gateway);
        FleetClient replicaClient = new FleetClient(replica)) {
      new Saturation(
              gatewayClient,
              replicaClient,
              modelFile,
              Duration.ofSeconds(seconds),
              System::nanoTime)
          .run(rounds, System.out);
    }
    return 0;
  }

  @Command(name = "raw", description = "Answers a second of raw ONNX Runtime.")
  int raw(
      @Parameters(paramLabel = "MODEL_FILE") Path modelFile,
      @Parameters(paramLabel = "BATCH") int batch,
      @Parameters(paramLabel = "SECONDS") int seconds)
      throws IOException {
    System.out.println(
        "%.1f"
            .formatted(
                Saturation.raw(modelFile, batch, Duration.ofSeconds(seconds), System::nanoTime)));
    return 0;
  }
}
