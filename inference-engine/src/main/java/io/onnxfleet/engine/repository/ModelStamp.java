package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a model's files looked like at one moment: of unequal stamps one was taken after something
 * was written, linked or renamed. Names, sizes, times and inodes are compared, not contents: a
 * cheap look that says when to read the files ({@link ContentDigest}), not what they are.
 * Immutable.
 *
 * @param problem why it cannot be served, or null
 * @param config what its configuration says, or null
 * @param shared files that all its versions use, such as a tokenizer, its pooling or warm-up data
 * @param versions the files of each version that is to be served
 */
public record ModelStamp(
    @Nullable String problem,
    @Nullable DeclaredConfig config,
    String shared,
    Map<Long, String> versions) {
  public ModelStamp {
    versions = Map.copyOf(versions);
  }

  public static ModelStamp of(ModelFolder folder) {
    Map<Long, String> versions = new TreeMap<>();
    for (Version version : folder.servedVersions()) {
      Path parent = version.modelFile().toAbsolutePath().getParent();
      versions.put(
          version.number(), parent == null ? "" : describe(parent, ModelFiles.DEEPEST_FILE));
    }
    return new ModelStamp(folder.problem(), folder.config(), shared(folder.path()), versions);
  }

  /** True if a version, served by both, has the same files in both. */
  public boolean hasSameFiles(ModelStamp other, long version) {
    String files = versions.get(version);
    return files != null
        && files.equals(other.versions.get(version))
        && shared.equals(other.shared);
  }

  /**
   * The files and folders beside the versions, but for the configuration, which is compared by
   * content.
   */
  private static String shared(Path model) {
    StringBuilder described = new StringBuilder();
    try (Stream<Path> entries = Files.list(model)) {
      for (Path entry : entries.sorted().toList()) {
        String name = entry.getFileName().toString();
        if (name.equals(FolderModelRepository.CONFIG_FILENAME) || name.startsWith(".")) {
          continue;
        }
        if (!Files.isDirectory(entry)) {
          described.append(line(model, entry));
        } else if (!FolderModelRepository.isVersion(name)) {
          described.append(describe(entry, ModelFiles.DEEPEST_FILE));
        }
      }
    } catch (IOException | SecurityException unreadable) {
      described.append(unreadable.getClass().getSimpleName());
    }
    return described.toString();
  }

  private static String describe(Path folder, int depth) {
    StringBuilder described = new StringBuilder();
    try (Stream<Path> paths = Files.walk(folder, depth, FileVisitOption.FOLLOW_LINKS)) {
      paths
          .filter(path -> !Files.isDirectory(path))
          .sorted()
          .forEach(file -> described.append(line(folder, file)));
    } catch (IOException | UncheckedIOException | SecurityException unreadable) {
      described.append(unreadable.getClass().getSimpleName());
    }
    return described.toString();
  }

  private static String line(Path folder, Path file) {
    String name = folder.relativize(file).toString();
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return "%s %d %s %s "
              .formatted(
                  name,
                  attributes.size(),
                  attributes.lastModifiedTime().toInstant(),
                  attributes.fileKey())
          + changed(file);
    } catch (IOException gone) {
      return name + " unreadable\n";
    }
  }

  /** Nobody can set that time, where there is one: it tells files apart that bear a fixed time. */
  private static String changed(Path file) throws IOException {
    try {
      return Files.getAttribute(file, "unix:ctime") + "\n";
    } catch (UnsupportedOperationException | IllegalArgumentException noSuchTime) {
      return "\n";
    }
  }
}
