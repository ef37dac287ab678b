package io.onnxfleet.inference.source;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Archives by their content, unpacked in a folder that several processes may share.
 *
 * <ul>
 *   <li>An archive appears as a whole or not at all, and is never changed afterwards.
 *   <li>It is fetched once, by one process; what was cut off is gone on with.
 *   <li>Together they take up at most the given bytes, but for those in use: the ones not used for
 *       longest leave first. A process uses what it asked for until it closes the cache.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class ArchiveCache implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ArchiveCache.class);
  private static final String LOCK = ".lock";
  private static final String USE = ".use";
  private static final String PART = ".part";
  private static final String NEW = ".new";

  private final Path root;
  private final long maxBytes;
  private final ArchiveDownload download;

  /** Locked as shared, each for an archive that this process uses. */
  @GuardedBy("this")
  private final List<FileChannel> uses = new ArrayList<>();

  /**
   * A cache in a folder, which is made if it is missing.
   *
   * @param maxBytes of all archives together, and of each
   */
  public ArchiveCache(Path root, long maxBytes) throws IOException {
    this.root = Files.createDirectories(root.toAbsolutePath().normalize());
    this.maxBytes = maxBytes;
    this.download = new ArchiveDownload(maxBytes);
  }

  /**
   * The folder of an archive's models, fetched if it is not there.
   *
   * @throws IOException if it cannot be had or is not what it should be
   */
  public synchronized Path folder(Archive archive) throws IOException, InterruptedException {
    Path folder = root.resolve(archive.sha256());
    try (FileChannel channel =
            FileChannel.open(root.resolve(archive.sha256() + LOCK), CREATE, WRITE);
        FileLock _ = channel.lock()) {
      use(archive);
      if (!Files.isDirectory(folder)) {
        fetch(archive, folder);
      }
      Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
    }
    evict();
    return folder;
  }

  @GuardedBy("this")
  private void use(Archive archive) throws IOException {
    FileChannel channel =
        FileChannel.open(root.resolve(archive.sha256() + USE), CREATE, READ, WRITE);
    try {
      FileLock _ = channel.lock(0, Long.MAX_VALUE, true);
      uses.add(channel);
    } catch (OverlappingFileLockException already) {
      // This process uses it, which is enough.
      channel.close();
    } catch (IOException | RuntimeException failure) {
      channel.close();
      throw failure;
    }
  }

  private void fetch(Archive archive, Path folder) throws IOException, InterruptedException {
    Path part = root.resolve(archive.sha256() + PART);
    Path unpacked = root.resolve(archive.sha256() + NEW);
    delete(unpacked);
    log.info("fetching {}", archive.url());
    download.fetch(archive, part);
    try {
      Unpacking.unpack(part, unpacked, maxBytes);
    } catch (IOException refused) {
      delete(unpacked);
      throw new IOException("%s: %s".formatted(archive.url(), refused.getMessage()), refused);
    }
    Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
    Files.delete(part);
    log.info("{} is kept as {}", archive.url(), folder);
  }

  private void evict() throws IOException {
    record Kept(Path folder, FileTime used, long byteSize) {}
    List<Kept> kept = new ArrayList<>();
    long total = 0;
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder :
          folders
              .filter(Files::isDirectory)
              .filter(path -> !path.toString().endsWith(NEW))
              .toList()) {
        Kept one = new Kept(folder, Files.getLastModifiedTime(folder), byteSize(folder));
        kept.add(one);
        total += one.byteSize();
      }
    }
    kept.sort(Comparator.comparing(Kept::used));
    for (Kept one : kept) {
      if (total > maxBytes && deleteUnlessUsed(one.folder())) {
        log.info("{} is dropped: all take {} bytes (expected: <= {})", one, total, maxBytes);
        total -= one.byteSize();
      }
    }
  }

  private boolean deleteUnlessUsed(Path folder) throws IOException {
    Path use = root.resolve(folder.getFileName() + USE);
    try (FileChannel channel = FileChannel.open(use, CREATE, READ, WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock == null) {
        return false;
      }
      Path going = root.resolve(folder.getFileName() + NEW);
      delete(going);
      Files.move(folder, going, StandardCopyOption.ATOMIC_MOVE);
      delete(going);
      return true;
    } catch (OverlappingFileLockException ours) {
      return false;
    }
  }

  private static long byteSize(Path folder) throws IOException {
    long total = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        total += Files.size(file);
      }
    }
    return total;
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Uses none of them any more. */
  @Override
  public synchronized void close() throws IOException {
    for (FileChannel use : uses) {
      use.close();
    }
    uses.clear();
  }
}
