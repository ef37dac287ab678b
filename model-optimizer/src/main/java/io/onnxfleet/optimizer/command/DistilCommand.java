package io.onnxfleet.optimizer.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code distil}: models that learn from a larger one. */
@Command(
    name = "distil",
    description =
        "Makes a smaller model that answers as the given one does, or a classifier of an embedder.",
    mixinStandardHelpOptions = true,
    subcommands = {
      DistilStaticCommand.class,
      DistilLayersCommand.class,
      DistilTabularCommand.class,
      DistilHeadCommand.class
    })
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class DistilCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }
}
