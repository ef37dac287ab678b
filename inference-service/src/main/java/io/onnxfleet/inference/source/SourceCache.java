package io.onnxfleet.inference.source;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.file.Folders;
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
 * Sources by their content, in a folder that several processes may share.
 *
 * <ul>
 *   <li>A source appears as a whole or not at all. Its files are read again whenever it is asked
 *       for; what was written to since it was fetched is fetched anew.
 *   <li>It is fetched once, by one process; what was cut off is gone on with.
 *   <li>Together they take up at most the given bytes, but for those in use: the ones not used for
 *       longest leave first. A process uses what it asked for until it closes the cache.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class SourceCache implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SourceCache.class);
  private static final String LOCK = ".lock";
  private static final String USE = ".use";
  private static final String PART = ".part";
  private static final String NEW = ".new";

  /** Beside a source: the digests of its files. */
  private static final String SUMS = ".sums";

  private final Path root;
  private final long maxBytes;
  private final S3Access s3;

  /** Locked as shared, each for a source that this process uses. */
  @GuardedBy("this")
  private final List<FileChannel> uses = new ArrayList<>();

  /**
   * A cache in a folder, which is made if it is missing.
   *
   * @param maxBytes of all sources together, and of each
   */
  public SourceCache(Path root, long maxBytes, S3Access s3) throws IOException {
    this.root = Files.createDirectories(root.toAbsolutePath().normalize());
    this.maxBytes = maxBytes;
    this.s3 = s3;
  }

  /**
   * The folder of a source's models, fetched if it is not there.
   *
   * @throws IOException if it cannot be had or is not what it should be
   */
  public synchronized Path folder(Source source) throws IOException, InterruptedException {
    String id = id(source);
    Path folder = root.resolve(id);
    try (FileChannel channel = FileChannel.open(root.resolve(id + LOCK), CREATE, WRITE);
        FileLock _ = channel.lock()) {
      use(id);
      if (!Files.isDirectory(folder) || !isIntact(id, folder)) {
        fetch(source, id, folder);
      }
      Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
    }
    evict();
    return folder;
  }

  /** What is pinned needs no network to be found. */
  private String id(Source source) throws IOException {
    if (source.sha256() != null) {
      return source.sha256();
    }
    try (Remote remote = open(source)) {
      return new Fetch(source, remote, maxBytes).id();
    } catch (IOException failure) {
      throw new IOException("%s: %s".formatted(source.url(), failure.getMessage()), failure);
    }
  }

  @GuardedBy("this")
  private void use(String id) throws IOException {
    FileChannel channel = FileChannel.open(root.resolve(id + USE), CREATE, READ, WRITE);
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

  private void fetch(Source source, String id, Path folder)
      throws IOException, InterruptedException {
    Path unpacked = root.resolve(id + NEW);
    log.info("fetching {}", source.url());
    try (Remote remote = open(source)) {
      new Fetch(source, remote, maxBytes).into(id, unpacked, root.resolve(id + PART));
    } catch (IOException failure) {
      throw new IOException("%s: %s".formatted(source.url(), failure.getMessage()), failure);
    }
    writeSums(id, unpacked);
    Folders.delete(folder);
    Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
    log.info("{} is kept as {}", source.url(), folder);
  }

  private boolean isIntact(String id, Path folder) throws IOException {
    Path sums = root.resolve(id + SUMS);
    if (!Files.isRegularFile(sums)) {
      // Fetched by a version that wrote none.
      writeSums(id, folder);
      return true;
    }
    boolean intact = Files.readString(sums).equals(Digests.listOf(folder));
    if (!intact) {
      log.warn("{} was written to since it was fetched, and is fetched anew", folder);
    }
    return intact;
  }

  private void writeSums(String id, Path folder) throws IOException {
    Path part = root.resolve(id + SUMS + PART);
    Files.writeString(part, Digests.listOf(folder));
    Files.move(part, root.resolve(id + SUMS), StandardCopyOption.ATOMIC_MOVE);
  }

  private Remote open(Source source) {
    return source.isS3() ? new S3Remote(s3) : new HttpRemote();
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
        Kept one = new Kept(folder, Files.getLastModifiedTime(folder), Folders.size(folder));
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
      Folders.delete(going);
      Files.move(folder, going, StandardCopyOption.ATOMIC_MOVE);
      Folders.delete(going);
      Files.deleteIfExists(root.resolve(folder.getFileName() + SUMS));
      return true;
    } catch (OverlappingFileLockException ours) {
      return false;
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
