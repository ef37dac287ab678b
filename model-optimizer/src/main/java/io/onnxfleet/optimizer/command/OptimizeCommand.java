package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.command.result.ExitCode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code ./fleet optimize}. Exits with 0 when done, 1 when it cannot be done, 2 when the command
 * line is wrong, 3 when a result is refused because it lost too much.
 */
@Command(
    name = "optimize",
    description = "Makes ONNX models smaller and faster, and measures what that costs.",
    mixinStandardHelpOptions = true,
    subcommands = {
      QuantizeCommand.class,
      ConvertCommand.class,
      FuseCommand.class,
      CompareCommand.class,
      DistilCommand.class,
      PruneCommand.class,
      OfflineCommand.class,
      AutoCommand.class,
      SynthesizeCommand.class,
    })
public final class OptimizeCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before it runs
  private CommandSpec spec;

  private OptimizeCommand() {}

  public static void main(String[] arguments) {
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int code;
    try {
      code =
          commandLine(new PrintWriter(System.out, true, StandardCharsets.UTF_8), err)
              .execute(arguments);
    } catch (OutOfMemoryError tooLarge) {
      err.printf(
          "optimize: out of memory: %s (expected: fewer or smaller samples)%n",
          tooLarge.getMessage());
      code = ExitCode.FAILED;
    }
    System.exit(code);
  }

  static CommandLine commandLine(PrintWriter out, PrintWriter err) {
    CommandLine commandLine = new CommandLine(new OptimizeCommand());
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setExecutionExceptionHandler(
        (failure, command, _) -> {
          if (failure instanceof OptimizerException) {
            command.getErr().println("optimize: " + failure.getMessage());
            return ExitCode.FAILED;
          }
          throw failure;
        });
    return commandLine;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }
}
