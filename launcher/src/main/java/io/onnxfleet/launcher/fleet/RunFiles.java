package io.onnxfleet.launcher.fleet;

import io.onnxfleet.launcher.process.Mark;
import io.onnxfleet.launcher.process.MarkedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What was started of a fleet: a file for each process, with its id and its port. It stays when the
 * process dies. Only who holds the {@link FleetLock} writes.
 */
final class RunFiles {
  private static final String SUPERVISOR = "supervisor";

  private final Path folder;

  RunFiles(FleetFolder folder) {
    this.folder = folder.run();
  }

  /** What a file says. */
  record Entry(long pid, int port) {}

  /** In starting order. */
  List<Service> services() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> Service.of(file.getFileName().toString()))
          .flatMap(Optional::stream)
          .sorted()
          .toList();
    }
  }

  Optional<Entry> entry(String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String[] words = Files.readString(file).strip().split(" ", -1);
    try {
      return Optional.of(
          new Entry(Long.parseLong(words[0]), words.length > 1 ? Integer.parseInt(words[1]) : 0));
    } catch (NumberFormatException damaged) {
      return Optional.empty();
    }
  }

  Mark mark(String name) {
    return Mark.of(folder.resolve(name));
  }

  Optional<MarkedProcess> process(String name) throws IOException {
    return entry(name).map(entry -> new MarkedProcess(name, entry.pid(), mark(name)));
  }

  Optional<MarkedProcess> supervisor() throws IOException {
    return process(SUPERVISOR);
  }

  Mark supervisorMark() {
    return mark(SUPERVISOR);
  }

  void writeSupervisor(long pid) throws IOException {
    Files.writeString(folder.resolve(SUPERVISOR), pid + "\n");
  }

  void removeSupervisor() throws IOException {
    remove(SUPERVISOR);
  }

  void write(Service service, long pid, int port) throws IOException {
    Files.writeString(folder.resolve(service.name()), pid + " " + port + "\n");
  }

  void remove(String name) throws IOException {
    Files.deleteIfExists(folder.resolve(name));
  }

  /** Forgets everything that an earlier fleet left. */
  void removeAll() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }
}
