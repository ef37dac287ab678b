package io.onnxfleet.optimizer.repository;

import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * A folder that the fleet serves as it is: {@code 1/model.onnx}, {@code config.pbtxt} and, for
 * text, {@code tokenizer.json}; or, in the hub's layout, {@code onnx/model.onnx} with the files
 * that Hugging Face's libraries write. It is made beside its place and moved there whole; what is
 * not published is gone when it is closed. Not thread-safe.
 */
public final class ModelFolder implements AutoCloseable {
  /** The parameter that names the family: models for the same task. */
  public static final String FAMILY = "family";

  /** The parameter with the measured quality, of 1 for the family's original. */
  public static final String QUALITY = "quality";

  /** The parameter with the measured milliseconds of a row. */
  public static final String COST = "cost_ms";

  private static final String VERSION = "1";

  private final Path target;
  private final Path folder;
  private final String inner;

  private ModelFolder(Path target, Path folder, String inner) {
    this.target = target;
    this.folder = folder;
    this.inner = inner;
  }

  /**
   * Begins one.
   *
   * @throws OptimizerException if there is something in its place already, or it cannot be written
   */
  public static ModelFolder at(Path place) {
    return at(place, VERSION);
  }

  /** Begins one in the hub's layout; see {@link #at(Path)}. */
  public static ModelFolder inHubLayout(Path place) {
    return at(place, SideFiles.HUB_FOLDER);
  }

  private static ModelFolder at(Path place, String inner) {
    Path target = place.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null || Files.exists(target)) {
      throw new OptimizerException(place + " exists (expected: a folder that is still to be made)");
    }
    try {
      Files.createDirectories(parent);
      Path folder = Files.createTempDirectory(parent, ".optimize");
      Files.createDirectory(folder.resolve(inner));
      return new ModelFolder(target, folder, inner);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(place, failure), failure);
    }
  }

  /** The name of the model that a file is: of its folder or, above a version, of that one's. */
  public static String nameOf(Path model) {
    Path folder = model.toAbsolutePath().normalize().getParent();
    if (folder != null && String.valueOf(folder.getFileName()).matches("\\d+")) {
      folder = folder.getParent();
    }
    return folder == null || folder.getFileName() == null
        ? String.valueOf(model.getFileName())
        : folder.getFileName().toString();
  }

  /** Where the model goes; its weights may lie in further files beside it. */
  public Path model() {
    return folder.resolve(inner).resolve("model.onnx");
  }

  /** Copies a tokenizer into the folder. */
  public void tokenizer(Path file) {
    copy(file, TextTokenizer.FILE_NAME);
  }

  /** Copies a file into the folder, or one in it. */
  public void copy(Path file, String name) {
    try {
      Path place = folder.resolve(name);
      Path parent = place.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.copy(file, place);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be copied: %s".formatted(file, failure), failure);
    }
  }

  /**
   * Writes the configuration, by which the model joins a family; all else follows from the model.
   *
   * @param quality of 1 for the family's original
   * @param milliseconds of a row alone
   */
  public void join(String family, double quality, double milliseconds) {
    text(
        "config.pbtxt",
        parameter(FAMILY, family)
            + parameter(QUALITY, String.format(Locale.ROOT, "%.4f", quality))
            + parameter(COST, String.format(Locale.ROOT, "%.4f", milliseconds)));
  }

  private static String parameter(String name, String value) {
    return """
        parameters {
          key: "%s"
          value { string_value: "%s" }
        }
        """
        .formatted(name, escaped(value));
  }

  /** Writes a file of text into the folder. */
  public void text(String name, String content) {
    try {
      Files.writeString(folder.resolve(name), content);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(target, failure), failure);
    }
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  /** Moves the folder to its place, all of it at once. */
  public void publish() {
    try {
      // Others must be able to read what was made for this process alone.
      folder.toFile().setReadable(true, false);
      folder.toFile().setExecutable(true, false);
      try {
        Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException _) {
        Files.move(folder, target);
      }
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(target, failure), failure);
    }
  }

  @Override
  public void close() {
    Folders.remove(folder);
  }
}
