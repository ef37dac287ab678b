package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.TensorConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of classes, one a line, in the files that a configuration's {@code label_filename}
 * names: beside the configuration, as Triton has them. Read once, when the model is loaded, and
 * part of what the model is. Stateless.
 */
public final class Labels {
  /** More is no list of labels. */
  private static final long LARGEST_FILE = 64 << 20;

  private Labels() {}

  /**
   * The labels of each output that has any.
   *
   * @param content what the files were when the version was looked at
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if a file is not there, is
   *     no text, or is not what it was
   */
  public static Map<String, List<String>> of(
      ModelConfig config, Path folder, ContentDigest content) {
    Map<String, List<String>> labels = new HashMap<>();
    for (TensorConfig output : config.outputs()) {
      String name = output.labelFilename();
      if (name != null) {
        labels.put(output.name(), read(folder.resolve(name), name, output, content));
      }
    }
    return labels;
  }

  private static List<String> read(
      Path file, String name, TensorConfig output, ContentDigest content) {
    try {
      if (!Files.isRegularFile(file)) {
        throw refused(name, output, "not there (expected a file beside config.pbtxt)", null);
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw refused(
            name,
            output,
            "%d bytes (expected: <= %d, a label a line)".formatted(Files.size(file), LARGEST_FILE),
            null);
      }
      List<String> lines = TextFile.lines(file).stream().map(String::stripTrailing).toList();
      String now = FileDigest.of(file);
      if (content.sideFile(name).filter(then -> !then.equals(now)).isPresent()) {
        throw refused(name, output, "changed while it was loaded (expected one file)", null);
      }
      return lines;
    } catch (IOException failure) {
      throw refused(name, output, String.valueOf(failure.getMessage()), failure);
    }
  }

  private static InferenceException refused(
      String name, TensorConfig output, String reason, @Nullable IOException cause) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "label_filename '%s' of output '%s': %s".formatted(name, output.name(), reason),
        cause);
  }
}
