package io.onnxfleet.engine.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.runtime.ModelSource;
import io.onnxfleet.engine.runtime.OwnFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of models' files for sessions to read and to map. What is written to the files that they
 * were made of, or cut off, reaches no session: the runtime maps weights, so that a file that
 * becomes shorter would end the process.
 *
 * <ul>
 *   <li>A copy holds the bytes that its digest says, or is not given.
 *   <li>All sessions of a content have one copy, those of other processes on the machine included.
 *       It goes when the last of them is closed. What dead processes leave behind goes when the
 *       next one opens a copy.
 *   <li>A copy takes as much disk as the model; where less is free, the model is refused.
 * </ul>
 *
 * <p>Thread-safe; processes may share the folder.
 */
final class ModelCopies {
  private static final Logger log = LoggerFactory.getLogger(ModelCopies.class);
  private static final String LOCKS = "copies.lock";
  private static final String PART = ".part";
  private static final int NAME_LENGTH = 32;
  private static final int LOCK_DIGITS = 15;

  /**
   * One a folder, for as long as the process lives: a system may give up all locks of a process on
   * a file when any of its channels to that file is closed.
   */
  private static final Map<Path, ModelCopies> OPEN = new HashMap<>();

  private final Path root;

  @GuardedBy("this")
  private FileChannel locks;

  @GuardedBy("this")
  private final Map<String, Held> held = new HashMap<>();

  /** A copy that sessions of this process have, and the lock that tells other processes so. */
  private static final class Held {
    private FileLock lock;
    private int holders;

    Held(FileLock lock) {
      this.lock = lock;
    }
  }

  private ModelCopies(Path root, FileChannel locks) {
    this.root = root;
    this.locks = locks;
  }

  /**
   * The copies of a folder, which is made if it is missing.
   *
   * @param folder null for one of this user among the temporary files
   * @throws InferenceException if there cannot be one
   */
  static ModelCopies in(@Nullable Path folder) {
    synchronized (OPEN) {
      try {
        Path root =
            (folder == null
                    ? OwnFolder.amongTemporaryFiles("copies")
                    : Files.createDirectories(folder))
                .toRealPath();
        ModelCopies open = OPEN.get(root);
        if (open == null) {
          open = new ModelCopies(root, locksIn(root));
          OPEN.put(root, open);
        }
        return open;
      } catch (IOException failure) {
        throw refused("no folder for copies of models: " + failure);
      }
    }
  }

  /**
   * A copy of a model's files, made unless there is one.
   *
   * @throws InferenceException if it cannot be made, or the files are no longer what the digest
   *     says
   */
  ModelSource.Copy take(Path modelFile, ContentDigest content) {
    String name = content.model().substring(0, NAME_LENGTH);
    Path folder = root.resolve(name);
    try {
      hold(name, folder, modelFile, content);
    } catch (IOException failure) {
      throw refused(
          "%s cannot be copied to %s: %s"
              .formatted(modelFile.getFileName(), root, failure.toString()));
    }
    return new Lease(name, folder.resolve(modelFile.getFileName()));
  }

  private synchronized void hold(String name, Path folder, Path modelFile, ContentDigest content)
      throws IOException {
    requireLocks();
    Held mine = held.get(name);
    if (mine == null) {
      sweep();
      mine = new Held(lockedWith(name, folder, modelFile, content));
      held.put(name, mine);
    }
    mine.holders++;
  }

  private static FileChannel locksIn(Path root) throws IOException {
    return FileChannel.open(
        root.resolve(LOCKS),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  /** The interruption of a thread that waited for a lock closes the channel, and all locks go. */
  @GuardedBy("this")
  private void requireLocks() throws IOException {
    if (!locks.isOpen()) {
      locks = locksIn(root);
      for (Map.Entry<String, Held> each : held.entrySet()) {
        each.getValue().lock = locks.lock(position(each.getKey()), 1, true);
      }
    }
  }

  /** A shared lock on a copy that is there. */
  @GuardedBy("this")
  private FileLock lockedWith(String name, Path folder, Path modelFile, ContentDigest content)
      throws IOException {
    while (true) {
      // INVARIANT: who holds a place for itself alone may write or delete that copy; who shares it
      // finds the copy whole, or not at all.
      FileLock alone = tryLockAlone(name);
      if (alone != null) {
        try (alone) {
          make(folder, modelFile, content);
        }
      }
      FileLock shared = locks.lock(position(name), 1, true);
      if (Files.isDirectory(folder)) {
        return shared;
      }
      shared.release();
    }
  }

  private void make(Path folder, Path modelFile, ContentDigest content) throws IOException {
    Folders.delete(folder);
    Path part = root.resolve(folder.getFileName() + PART);
    Folders.delete(part);
    requireRoom(modelFile, content);
    Files.createDirectory(part);
    try {
      for (Map.Entry<String, String> file : content.modelFiles().entrySet()) {
        Path source = modelFile.resolveSibling(file.getKey());
        Path target = part.resolve(file.getKey());
        Files.createDirectories(target.getParent());
        Files.copy(source, target);
        if (!FileDigest.of(target).equals(file.getValue())) {
          throw refused(
              "%s has changed since it was looked at (expected the same until it is loaded)"
                  .formatted(file.getKey()));
        }
      }
      Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (Throwable failure) {
      Folders.delete(part);
      throw failure;
    }
  }

  private void requireRoom(Path modelFile, ContentDigest content) throws IOException {
    long needed = 0;
    for (String file : content.modelFiles().keySet()) {
      needed += Files.size(modelFile.resolveSibling(file));
    }
    long free = Files.getFileStore(root).getUsableSpace();
    if (free < needed) {
      throw refused(
          "a copy of %d bytes in %s (expected: <= %d bytes, which are free)"
              .formatted(needed, root, free));
    }
  }

  private synchronized void release(String name) {
    Held mine = held.get(name);
    if (mine == null || --mine.holders > 0) {
      return;
    }
    held.remove(name);
    try {
      requireLocks();
      mine.lock.release();
      deleteUnlessHeld(name);
    } catch (IOException failure) {
      log.warn("the copy {} stays: {}", name, failure.toString());
    }
  }

  /** Drops what nobody holds: processes that ended without closing their sessions left it. */
  @GuardedBy("this")
  private void sweep() {
    try (Stream<Path> entries = Files.list(root)) {
      for (Path folder : entries.filter(Files::isDirectory).toList()) {
        String name = folder.getFileName().toString().replace(PART, "");
        if (name.matches("[0-9a-f]{" + NAME_LENGTH + "}") && !held.containsKey(name)) {
          deleteUnlessHeld(name);
        }
      }
    } catch (IOException failure) {
      log.warn("{} is not swept: {}", root, failure.toString());
    }
  }

  @GuardedBy("this")
  private void deleteUnlessHeld(String name) throws IOException {
    FileLock alone = tryLockAlone(name);
    if (alone != null) {
      try (alone) {
        Folders.delete(root.resolve(name));
        Folders.delete(root.resolve(name + PART));
      }
    }
  }

  @GuardedBy("this")
  private @Nullable FileLock tryLockAlone(String name) throws IOException {
    return locks.tryLock(position(name), 1, false);
  }

  /** Each content has a byte of the file to lock, which need not be there. */
  private static long position(String name) {
    return Long.parseLong(name.substring(0, LOCK_DIGITS), 16);
  }

  private static InferenceException refused(String reason) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, reason);
  }

  /** What one session, or one that opens, has of a copy. */
  private final class Lease implements ModelSource.Copy {
    private final String name;
    private final Path modelFile;

    @GuardedBy("this")
    private boolean closed;

    Lease(String name, Path modelFile) {
      this.name = name;
      this.modelFile = modelFile;
    }

    @Override
    public Path modelFile() {
      return modelFile;
    }

    @Override
    public void close() {
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      release(name);
    }
  }
}
