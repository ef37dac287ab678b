package io.onnxfleet.optimizer.adding;

import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.repository.ServedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A model in 8 bits beside itself: a folder of its own with the same files around another graph.
 * Stateless, thread-safe.
 */
public final class SmallerForm {
  private static final String END = "-int8";
  private static final String CONFIGURATION = "config.pbtxt";

  private SmallerForm() {}

  /** Makes the graph. */
  @FunctionalInterface
  public interface Optimizer {
    /** Its exit code. */
    int make(Path model, Path result);
  }

  /**
   * Where it lies.
   *
   * @param code what the optimizer ended with: if not 0, there is none
   * @param before true if it was there before
   */
  public record Made(Path folder, int code, boolean before) {}

  /**
   * Makes it, unless it is there.
   *
   * @throws OptimizerException if the model lies in Triton's layout, something else lies in the
   *     form's place, or it cannot be written
   */
  public static Made of(Path folder, Optimizer optimizer) {
    Path result = folder.resolveSibling(folder.getFileName() + END);
    Provenance origin = origin(folder);
    if (Files.exists(result)) {
      requireFormOf(origin, result);
      return new Made(result, 0, true);
    }
    ServedFolder served = ServedFolder.read(folder);
    Path parent = served.file().getParent();
    if (!folder.equals(parent) && !folder.resolve(SideFiles.HUB_FOLDER).equals(parent)) {
      throw new OptimizerException(
          "%s is in Triton's layout (expected: the hub's; ./fleet optimize quantize takes the file)"
              .formatted(folder));
    }
    try (ModelFolder smaller = ModelFolder.inHubLayout(result)) {
      int code = optimizer.make(served.file(), smaller.model());
      if (code == 0) {
        for (Path file : around(folder, served.file())) {
          smaller.copy(file, folder.relativize(file).toString());
        }
        String configuration = configuration(folder.resolve(CONFIGURATION));
        if (!configuration.isBlank()) {
          smaller.text(CONFIGURATION, configuration);
        }
        smaller.text(Provenance.FILE, origin.text());
        smaller.publish();
      }
      return new Made(result, code, false);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be read: %s".formatted(folder, failure), failure);
    }
  }

  /** Of which model it is: that one's files, by which it is known again. */
  private static Provenance origin(Path folder) {
    try {
      Map<String, String> digests =
          Provenance.read(folder).map(Provenance::digests).orElse(Map.of());
      return new Provenance("8-bit form of " + folder.getFileName(), null, null, digests);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be read: %s".formatted(folder, failure), failure);
    }
  }

  private static void requireFormOf(Provenance origin, Path result) {
    if (!origin(result).digests().equals(origin.digests())) {
      throw new OptimizerException(
          "%s is there, and is no %s as it is now (expected: nothing of that name; remove it to make it again)"
              .formatted(result, origin.source()));
    }
  }

  /**
   * What a configuration says but for the names of the model and its file, which differ here, and
   * its place in a family.
   */
  private static String configuration(Path file) throws IOException {
    return Files.isRegularFile(file)
        ? FamilyJoining.without(Files.readString(file))
            .replaceAll("(?m)^(?:name|default_model_filename)\\s*:.*\\R?", "")
        : "";
  }

  private static List<Path> around(Path folder, Path model) throws IOException {
    String begin = model.toString();
    return Folders.files(folder).stream()
        .filter(file -> !file.toString().startsWith(begin))
        .filter(file -> !file.endsWith(CONFIGURATION) && !file.endsWith(Provenance.FILE))
        .toList();
  }
}
