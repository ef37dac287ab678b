package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.TensorProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that holds one ONNX tensor, as ONNX's test data does. */
public final class TensorFile {
  private TensorFile() {}

  /**
   * Reads one.
   *
   * @throws OptimizerException if it is none, or one of text
   */
  public static Tensor read(Path file) {
    try (InputStream stream = Files.newInputStream(file)) {
      return Tensor.of(TensorProto.parseFrom(stream))
          .orElseThrow(
              () -> new OptimizerException(file + ": no numbers (expected: a tensor of numbers)"));
    } catch (IOException unreadable) {
      throw new OptimizerException(
          "%s: not an ONNX tensor (%s)".formatted(file, unreadable.getMessage()), unreadable);
    }
  }
}
