package io.onnxfleet.optimizer.command;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model that a command reads and the file that it writes. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class ModelFiles {
  @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "Where the result goes.")
  private Path output;

  Path input() {
    return input;
  }

  Path output() {
    return output;
  }
}
