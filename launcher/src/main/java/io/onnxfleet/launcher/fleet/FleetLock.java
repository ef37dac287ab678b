package io.onnxfleet.launcher.fleet;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongPredicate;

/**
 * One command at a time changes a fleet. A folder, since a shell makes one as safely, with the
 * holder's process id. A lock whose holder is gone counts for nothing, also where another process
 * has got its id since. Not reentrant.
 */
public final class FleetLock implements AutoCloseable {
  private static final String HOLDER = "pid";

  /** By which clocks of files and of processes may differ. */
  private static final Duration TOLERANCE = Duration.ofSeconds(10);

  private final Path folder;

  private FleetLock(Path folder) {
    this.folder = folder;
  }

  /** What came of a try. */
  public sealed interface Attempt {}

  /** It is held now, and close gives it back. */
  public record Held(FleetLock lock) implements Attempt {}

  /** Another process has it. */
  public record Taken(long holder) implements Attempt {}

  /**
   * Tries once.
   *
   * @param pid of who asks
   * @param isAlive whether a process is there
   */
  static Attempt attempt(Path folder, long pid, LongPredicate isAlive) throws IOException {
    Files.createDirectories(folder.getParent());
    if (!create(folder, pid)) {
      OptionalLong holder = holder(folder);
      if (holder.isPresent() && isAlive.test(holder.getAsLong())) {
        return new Taken(holder.getAsLong());
      }
      removeStale(folder, holder, pid);
      if (!create(folder, pid)) {
        return new Taken(holder(folder).orElse(0));
      }
    }
    return new Held(new FleetLock(folder));
  }

  /** Tries once, for this process. */
  public static Attempt attempt(FleetFolder folder) throws IOException {
    return attempt(
        folder.lock(),
        ProcessHandle.current().pid(),
        holder -> wasThere(holder, folder.lock().resolve(HOLDER)));
  }

  /** Whether a process is there that was when the lock was taken: ids are used again. */
  private static boolean wasThere(long pid, Path file) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return false;
    }
    try {
      Instant latest = Files.getLastModifiedTime(file).toInstant().plus(TOLERANCE);
      return process.get().info().startInstant().filter(latest::isBefore).isEmpty();
    } catch (IOException released) {
      return true;
    }
  }

  private static boolean create(Path folder, long pid) throws IOException {
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException taken) {
      return false;
    }
    Files.writeString(folder.resolve(HOLDER), pid + "\n");
    return true;
  }

  private static OptionalLong holder(Path folder) throws IOException {
    try {
      return OptionalLong.of(Long.parseLong(Files.readString(folder.resolve(HOLDER)).strip()));
    } catch (NoSuchFileException | NumberFormatException notYet) {
      return OptionalLong.empty();
    }
  }

  /** Two that find it stale must not both take it: only one can move it away. */
  private static void removeStale(Path folder, OptionalLong holder, long pid) throws IOException {
    Path aside = folder.resolveSibling(folder.getFileName() + "." + pid);
    try {
      Files.move(folder, aside);
    } catch (NoSuchFileException gone) {
      return;
    }
    if (holder(aside).equals(holder)) {
      remove(aside);
    } else {
      // Another one took it between the look and the move.
      Files.move(aside, folder);
    }
  }

  private static void remove(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(HOLDER));
    Files.deleteIfExists(folder);
  }

  @Override
  public void close() throws IOException {
    remove(folder);
  }
}
