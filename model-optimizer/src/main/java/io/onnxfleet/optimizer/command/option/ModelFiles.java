package io.onnxfleet.optimizer.command.option;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model that a command reads and the file that it writes. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
public final class ModelFiles {
  @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "Where the result goes.")
  private Path output;

  public Path input() {
    return input;
  }

  public Path output() {
    return output;
  }
}
