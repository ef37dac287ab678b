package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder beside the place of a result, in which it is made and tried under its own name, apart
 * from files on the way to it. What is not published is gone when the workspace is closed. Not
 * thread-safe.
 */
public final class Workspace implements AutoCloseable {
  private static final String RESULT = "result";
  private static final String SCRATCH = "scratch";

  private final Path target;
  private final Path folder;

  private Workspace(Path target, Path folder) {
    this.target = target;
    this.folder = folder;
  }

  public static Workspace beside(Path output) {
    Path target = output.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null || Files.isDirectory(target)) {
      throw new OptimizerException(output + " (expected: a file)");
    }
    try {
      Files.createDirectories(parent);
      Path folder = Files.createTempDirectory(parent, ".optimize");
      Files.createDirectory(folder.resolve(RESULT));
      Files.createDirectory(folder.resolve(SCRATCH));
      return new Workspace(target, folder);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(output, failure), failure);
    }
  }

  /** The result's file before it is published. */
  public Path file() {
    return folder.resolve(RESULT).resolve(target.getFileName());
  }

  /** For files that are gone when the workspace is closed. */
  public Path folder() {
    return folder.resolve(SCRATCH);
  }

  public Path file(String name) {
    return folder().resolve(name);
  }

  /** Moves the result, and the files that belong to it, to its place. */
  public void publish() {
    try {
      // The model itself comes last: until then the place holds what it held.
      for (Path file : results()) {
        Files.move(
            file,
            target.resolveSibling(file.getFileName()),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(target, failure), failure);
    }
  }

  private List<Path> results() throws IOException {
    String name = String.valueOf(target.getFileName());
    try (Stream<Path> files = Files.list(folder.resolve(RESULT))) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).startsWith(name))
          .sorted(Comparator.comparing((Path file) -> file.endsWith(name)))
          .toList();
    }
  }

  @Override
  public void close() {
    Folders.remove(folder);
  }
}
