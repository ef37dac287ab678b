package io.onnxfleet.testing.process;

import io.onnxfleet.launcher.process.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The classes that a module loads, parsed and verified, in a file of its layout: with them a
 * process starts in about half of the time. The first process that ends in order writes the file.
 * The JVM passes over one that does not fit, and a new layout has none. Stateless.
 */
final class ClassArchive {
  private static final String NAME = "tests.jsa";
  private static final String FILE = "-XX:SharedArchiveFile=";
  private static final String OTHER = "-XX:AOTCache=";

  private ClassArchive() {}

  /** What has a process use it, or write it; nothing where the layout has an AOT cache. */
  static List<String> options(Layout layout) throws IOException {
    List<String> own = Files.readAllLines(layout.folder().resolve(Layout.OPTIONS));
    return own.stream().anyMatch(option -> option.startsWith(OTHER))
        ? List.of()
        : List.of(
            "-XX:+AutoCreateSharedArchive",
            FILE + layout.folder().resolve(NAME),
            "-Xlog:cds=off",
            "-Xlog:aot=off");
  }

  /** Whether a process that lives would write one at its end. */
  static boolean isDue(Running running) {
    return running.process().isAlive()
        && running.launch().command().stream()
            .filter(option -> option.startsWith(FILE))
            .map(option -> Path.of(option.substring(FILE.length())))
            .anyMatch(Files::notExists);
  }
}
