package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.StringStringEntryProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TensorProto.DataLocation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a model from mapped files, so that its weights take no heap. */
final class ModelReader {
  private final Path file;
  private final Map<Path, MemorySegment> mapped = new HashMap<>();

  private ModelReader(Path file) {
    this.file = file;
  }

  static OnnxModel read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new OptimizerException(file + ": no such file (expected: an ONNX model)");
    }
    try {
      return new ModelReader(file).read();
    } catch (IOException failure) {
      throw new OptimizerException(
          "%s: not an ONNX model (%s)".formatted(file, failure.getMessage()), failure);
    }
  }

  private OnnxModel read() throws IOException {
    MemorySegment whole = map(file);
    if (whole.byteSize() > Integer.MAX_VALUE) {
      throw new OptimizerException(
          "%s: %d bytes (expected: at most 2 GiB, with the weights in a file beside it)"
              .formatted(file, whole.byteSize()));
    }
    ModelFields.Parts parts = ModelFields.read(whole.asByteBuffer());
    ModelProto frame = parts.frame();
    if (!frame.hasGraph() || frame.getGraph().getOutputCount() == 0) {
      throw new OptimizerException(file + ": not an ONNX model (it has no graph with an output)");
    }
    if (frame.getOpsetImportCount() == 0) {
      throw new OptimizerException(file + ": not an ONNX model (it names no operator set)");
    }
    List<Initializer> initializers = new ArrayList<>();
    for (Initializer initializer : parts.initializers()) {
      boolean outside = initializer.description().getDataLocation() == DataLocation.EXTERNAL;
      initializers.add(outside ? inside(initializer.description()) : initializer);
    }
    return new OnnxModel(frame, initializers);
  }

  /** The tensor with its data, which lies in another file and stays there. */
  private Initializer inside(TensorProto tensor) throws IOException {
    String location = "";
    long offset = 0;
    long length = -1;
    try {
      for (StringStringEntryProto entry : tensor.getExternalDataList()) {
        switch (entry.getKey()) {
          case "location" -> location = entry.getValue();
          case "offset" -> offset = Long.parseLong(entry.getValue());
          case "length" -> length = Long.parseLong(entry.getValue());
          default -> {
            // A checksum is not verified; other keys are unknown.
          }
        }
      }
    } catch (NumberFormatException malformed) {
      throw new OptimizerException(
          "%s: tensor '%s' lies at %s (expected: whole numbers)"
              .formatted(file, tensor.getName(), malformed.getMessage()),
          malformed);
    }
    MemorySegment data = map(beside(location, tensor));
    if (length < 0) {
      length = data.byteSize() - offset;
    }
    if (offset < 0 || length < 0 || offset > data.byteSize() - length) {
      throw new OptimizerException(
          "%s: tensor '%s' needs %d bytes from %d on of '%s', which has %d"
              .formatted(file, tensor.getName(), length, offset, location, data.byteSize()));
    }
    if (length > Integer.MAX_VALUE) {
      throw new OptimizerException(
          "%s: tensor '%s' has %d bytes (expected: at most 2 GiB in one tensor)"
              .formatted(file, tensor.getName(), length));
    }
    TensorProto description = tensor.toBuilder().clearExternalData().clearDataLocation().build();
    return new Initializer(description, Optional.of(data.asSlice(offset, length).asByteBuffer()));
  }

  /**
   * A file of weights must lie in the model's folder: a model names no other file of the machine.
   */
  private Path beside(String location, TensorProto tensor) throws IOException {
    Path folder = file.toAbsolutePath().normalize().getParent();
    if (folder != null && !location.isEmpty()) {
      Path path = folder.resolve(location).normalize();
      if (path.startsWith(folder) && Files.isRegularFile(path)) {
        if (path.toRealPath().startsWith(folder.toRealPath())) {
          return path;
        }
      }
    }
    throw new OptimizerException(
        "%s: the weights of '%s' lie in '%s' (expected: a file in the model's folder)"
            .formatted(file, tensor.getName(), location));
  }

  private MemorySegment map(Path path) throws IOException {
    MemorySegment known = mapped.get(path);
    if (known != null) {
      return known;
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      // Automatic: the last tensor that looks into the mapping frees it.
      MemorySegment segment = channel.map(MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
      mapped.put(path, segment);
      return segment;
    }
  }
}
