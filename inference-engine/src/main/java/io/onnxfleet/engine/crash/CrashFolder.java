package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.runtime.OwnFolder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of crash reports: where {@code -XX:ErrorFile} of this JVM points, or one among the
 * temporary files. Keeps the latest {@value #MOST_REPORTS} reports. Thread-safe.
 */
public final class CrashFolder {
  static final int MOST_REPORTS = 16;

  private static final Logger log = LoggerFactory.getLogger(CrashFolder.class);
  private static final String NAME = "hs_err_%s_%%p.log";
  private static final String PID = "%p";

  private final Path folder;

  CrashFolder(Path folder) {
    this.folder = folder;
  }

  /** This JVM's; it exists afterwards, where that is possible. */
  public static CrashFolder ofThisProcess() {
    String pattern = errorFile();
    Path parent = pattern.isEmpty() ? null : Path.of(pattern).toAbsolutePath().getParent();
    try {
      Path folder = parent == null ? OwnFolder.amongTemporaryFiles("crashes") : parent;
      return new CrashFolder(Files.createDirectories(folder));
    } catch (IOException | SecurityException impossible) {
      log.warn("crash reports lie where the JVM can put them: {}", impossible.toString());
      return new CrashFolder(Path.of(System.getProperty("java.io.tmpdir")));
    }
  }

  /** What {@code -XX:ErrorFile} says, with {@code %p} for the process id; empty if nothing. */
  static String errorFile() {
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("-XX:ErrorFile=")) {
        return argument.substring(argument.indexOf('=') + 1);
      }
    }
    return "";
  }

  /** The option that has another JVM leave its report here. */
  public String option(String kind) {
    return "-XX:ErrorFile=" + folder.resolve(NAME.formatted(kind));
  }

  /**
   * The report that a process left that was started with {@link #option}.
   *
   * @param since when it was started: process ids are used again
   */
  public Optional<CrashReport> reportOf(String kind, long pid, Instant since) {
    String name = NAME.formatted(kind).replace(PID, Long.toString(pid));
    return Stream.of(
            folder.resolve(name),
            Path.of("hs_err_pid%d.log".formatted(pid)),
            Path.of(System.getProperty("java.io.tmpdir"), "hs_err_pid%d.log".formatted(pid)))
        .filter(file -> isNewer(file, since))
        .flatMap(file -> CrashReport.read(file).stream())
        .findFirst();
  }

  /** The report of a process that had these settings, wherever its JVM could put it. */
  static Optional<CrashReport> find(
      long pid, Instant started, String errorFile, String workingFolder) {
    String id = Long.toString(pid);
    String usual = "hs_err_pid%s.log".formatted(id);
    Path working = Path.of(workingFolder);
    return Stream.of(
            errorFile.isEmpty()
                ? working.resolve(usual)
                : working.resolve(errorFile.replace(PID, id)),
            working.resolve(usual),
            Path.of(System.getProperty("java.io.tmpdir"), usual),
            Path.of("/tmp", usual))
        .filter(file -> isNewer(file, started))
        .flatMap(file -> CrashReport.read(file).stream())
        .findFirst();
  }

  /**
   * Moves a report to a name of its own where the next crash would write over it: in a container
   * every process has the same id.
   *
   * @param pid of the process that left it
   * @return where it lies now
   */
  public Path keep(CrashReport report, long pid) {
    if (pid != ProcessHandle.current().pid()) {
      return report.file();
    }
    Path kept =
        folder.resolve(
            "hs_err_replica_%s.log"
                .formatted(
                    Instant.now().truncatedTo(ChronoUnit.MILLIS).toString().replace(':', '-')));
    try {
      return Files.move(report.file(), kept);
    } catch (IOException | SecurityException stays) {
      log.debug("{} stays where it is", report.file(), stays);
      return report.file();
    }
  }

  /** File systems may keep whole seconds only. */
  static boolean isNewer(Path file, Instant since) {
    try {
      return !Files.getLastModifiedTime(file)
          .toInstant()
          .isBefore(since.truncatedTo(ChronoUnit.SECONDS));
    } catch (IOException absent) {
      return false;
    }
  }

  /** Deletes the oldest reports beyond {@value #MOST_REPORTS}. */
  public void sweep() {
    Map<Path, FileTime> times = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (String.valueOf(file.getFileName()).matches("hs_err_.*\\.log")) {
          times.put(file, Files.getLastModifiedTime(file));
        }
      }
      List<Path> reports = new ArrayList<>(times.keySet());
      reports.sort(Comparator.comparing(times::get));
      for (int index = 0; index < reports.size() - MOST_REPORTS; index++) {
        Files.deleteIfExists(reports.get(index));
      }
    } catch (IOException | SecurityException unreadable) {
      log.debug("{} is not swept", folder, unreadable);
    }
  }
}
