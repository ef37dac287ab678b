package io.onnxfleet.engine.repository;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of models, each in one of three layouts, of which the first that is found counts:
 *
 * <ul>
 *   <li>Triton's: {@code <model>/<version>/model.onnx}. A folder in a model that is no positive
 *       number is no version.
 *   <li>Hugging Face's hub's: {@code <model>/onnx/model.onnx}, which is version 1.
 *   <li>The bare file: {@code <model>/model.onnx}, which is version 1.
 * </ul>
 *
 * <p>{@code <model>/config.pbtxt} may be missing in each; its {@code default_model_filename} names
 * another file than {@code model.onnx}. Links are followed. Hidden folders are no models.
 */
public final class FolderModelRepository implements ModelRepository {
  static final String CONFIG_FILENAME = "config.pbtxt";

  private static final Logger log = LoggerFactory.getLogger(FolderModelRepository.class);
  private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,18}");
  private static final Pattern MODEL_NAME =
      Pattern.compile("[^./\\\\\\p{Cntrl}][^/\\\\\\p{Cntrl}]*");

  /** Of files, in a message. */
  private static final int MOST_NAMES = 20;

  private final Path root;

  public FolderModelRepository(Path root) {
    this.root = root.toAbsolutePath().normalize();
  }

  @Override
  public List<ModelFolder> scan() {
    List<ModelFolder> models = new ArrayList<>();
    try {
      for (Path folder : folders(root)) {
        models.add(read(folder));
      }
    } catch (IOException | SecurityException unreadable) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "model repository: " + root + " (expected a readable folder)",
          unreadable);
    }
    models.sort(Comparator.comparing(ModelFolder::name));
    return List.copyOf(models);
  }

  @Override
  public Optional<ModelFolder> find(String name) {
    if (!MODEL_NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    try {
      Path folder = root.resolve(name);
      return Files.isDirectory(folder) ? Optional.of(read(folder)) : Optional.empty();
    } catch (InvalidPathException | SecurityException noName) {
      return Optional.empty();
    }
  }

  /** The folders in a folder but the hidden ones, in any order. */
  private static List<Path> folders(Path parent) throws IOException {
    List<Path> folders = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
      for (Path entry : entries) {
        if (!entry.getFileName().toString().startsWith(".")) {
          folders.add(entry);
        }
      }
    } catch (DirectoryIteratorException interrupted) {
      throw interrupted.getCause();
    }
    return folders;
  }

  private static ModelFolder read(Path folder) {
    String name = folder.getFileName().toString();
    DeclaredConfig config = null;
    try {
      if (!MODEL_NAME.matcher(name).matches()) {
        return unusable(folder, null, "name '" + name + "' (expected no control characters)");
      }
      Path file = folder.resolve(CONFIG_FILENAME);
      config = Files.exists(file, NOFOLLOW_LINKS) ? ModelConfigParser.read(file) : null;
      if (config != null && !config.name().isEmpty() && !config.name().equals(name)) {
        return unusable(
            folder,
            config,
            "%s: name '%s' (expected '%s', as its folder is called)"
                .formatted(config.source(), config.name(), name));
      }
      Optional<String> unserved = config == null ? Optional.empty() : config.unservedFeature();
      if (unserved.isPresent()) {
        return unusable(folder, config, "uses " + unserved.get() + ", which is not served");
      }
      List<Version> versions = versions(folder, modelFilename(config));
      return new ModelFolder(name, folder, config, versions, problem(folder, versions));
    } catch (InferenceException invalid) {
      return unusable(folder, config, invalid.getMessage());
    } catch (IOException | SecurityException unreadable) {
      return unusable(folder, config, folder + " (expected a readable folder)");
    }
  }

  private static ModelFolder unusable(
      Path folder, @Nullable DeclaredConfig config, @Nullable String problem) {
    return new ModelFolder(
        folder.getFileName().toString(), folder, config, List.of(), String.valueOf(problem));
  }

  private static String modelFilename(@Nullable DeclaredConfig config) {
    return config == null ? ModelConfig.DEFAULT_MODEL_FILENAME : config.defaultModelFilename();
  }

  private static List<Version> versions(Path folder, String modelFilename) throws IOException {
    List<Version> versions = new ArrayList<>();
    List<Path> others = new ArrayList<>();
    for (Path entry : folders(folder)) {
      OptionalLong number = versionNumber(entry.getFileName().toString());
      if (number.isEmpty()) {
        others.add(entry.getFileName());
        continue;
      }
      Path modelFile = entry.resolve(modelFilename);
      String problem = null;
      if (!Files.isRegularFile(modelFile)) {
        problem = modelFile + " (expected a model file)";
      } else if (!Files.isReadable(modelFile)) {
        problem = modelFile + " (expected a readable file)";
      }
      versions.add(new Version(number.getAsLong(), modelFile, problem));
    }
    if (versions.isEmpty()) {
      asItLies(folder, modelFilename).ifPresent(versions::add);
    }
    if (!others.isEmpty()) {
      log.debug("{}: folders that are no versions, ignored: {}", folder, others);
    }
    versions.sort(Comparator.comparingLong(Version::number));
    return versions;
  }

  /** True if a folder of that name holds a version. */
  static boolean isVersion(String name) {
    return versionNumber(name).isPresent();
  }

  /** The model of a folder without versions: in the hub's folder, or else bare. */
  private static Optional<Version> asItLies(Path folder, String modelFilename) throws IOException {
    Path hub = folder.resolve(SideFiles.HUB_FOLDER);
    for (Path place : List.of(hub, folder)) {
      Path modelFile = place.resolve(modelFilename);
      if (Files.isRegularFile(modelFile)) {
        return Optional.of(
            new Version(
                1,
                modelFile,
                Files.isReadable(modelFile) ? null : modelFile + " (expected a readable file)"));
      }
    }
    for (Path place : List.of(hub, folder)) {
      List<String> found = onnxFiles(place);
      if (!found.isEmpty()) {
        return Optional.of(
            new Version(
                1,
                place.resolve(modelFilename),
                "%s: %s (expected %s, or a config.pbtxt whose default_model_filename names one)"
                    .formatted(place, found, modelFilename)));
      }
    }
    return Optional.empty();
  }

  private static List<String> onnxFiles(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{onnx,ort}")) {
      for (Path file : files) {
        if (names.size() < MOST_NAMES) {
          names.add(file.getFileName().toString());
        }
      }
    } catch (DirectoryIteratorException interrupted) {
      throw interrupted.getCause();
    }
    names.sort(Comparator.naturalOrder());
    return names;
  }

  private static OptionalLong versionNumber(String name) {
    if (!VERSION.matcher(name).matches()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(name));
    } catch (NumberFormatException above63Bits) {
      return OptionalLong.empty();
    }
  }

  private static @Nullable String problem(Path folder, List<Version> versions) {
    if (versions.isEmpty()) {
      return folder + ": no versions (expected a folder such as " + folder.resolve("1") + ")";
    }
    return versions.stream().allMatch(version -> version.problem() != null)
        ? versions.getLast().problem()
        : null;
  }
}
