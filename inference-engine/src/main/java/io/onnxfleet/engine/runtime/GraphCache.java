package io.onnxfleet.engine.runtime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.file.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Models as the runtime has them once it has optimised their graphs and packed their weights for
 * this processor, kept on disk. A session that opens such a form skips both, and maps the weights
 * instead of copying them: all instances, and all replicas on the machine, share one copy.
 *
 * <ul>
 *   <li>A form is found by the digest of the model's files, the runtime's version, the processor
 *       and every setting that shapes it; it is never used for anything else.
 *   <li>All weights in it begin at multiples of {@value AlignedWeights#ALIGNMENT}, as kernels
 *       expect; that is read from the file at the first use.
 *   <li>It appears as a whole or not at all, and is checked by size and checksum once a process
 *       before its first use. A damaged one is made anew.
 *   <li>What the runtime cannot write, or writes with another signature, is remembered as such.
 *   <li>Together the forms take up at most the given bytes, but for those that other processes use:
 *       on a volume of several machines, what is deleted is gone for who has it mapped. Those not
 *       used for longest go first.
 * </ul>
 *
 * <p>Only for sessions on the CPU, only where the processor can be told, and only for models that
 * are large enough to gain by it. Thread-safe; processes may share it.
 */
public final class GraphCache {
  static final String MODEL = "model.onnx";
  static final String WEIGHTS = "weights.bin";
  static final String SEAL = "seal";
  static final String REFUSED = "refused";

  /** Locked as shared by each process that uses the form, for as long as it lives. */
  static final String USE = "use";

  /** Below that, a session opens faster than this looks. */
  static final long LEAST_BYTES = 1 << 20;

  private static final Logger log = LoggerFactory.getLogger(GraphCache.class);
  private static final String PART = ".part";

  /** Of what is kept; forms of another one are never found again. */
  private static final String FORMAT = "2";

  /** What a disk needs to have free besides, as a multiple of what is written. */
  private static final int SPARE_SPACE = 3;

  private static final Pattern FORM = Pattern.compile("[0-9a-f]{32}");

  private static final Object MAKING = new Object();

  /**
   * What this process has locked, by form: closing any channel to a file gives up all locks that a
   * process has on it, so that there is one.
   */
  @GuardedBy("itself")
  private static final Map<Path, FileChannel> USED = new HashMap<>();

  private final Path root;
  private final long maxBytes;
  private final String processor;
  private final Map<Path, Object> locks = new ConcurrentHashMap<>();
  private final Map<Path, Boolean> intact = new ConcurrentHashMap<>();

  private GraphCache(Path root, long maxBytes, String processor) {
    this.root = root;
    this.maxBytes = maxBytes;
    this.processor = processor;
  }

  /**
   * A cache in a folder.
   *
   * @param folder null for one of this user among the temporary files
   * @param maxBytes of all forms together; 0 switches it off
   * @return null if it is off, or cannot be on this machine, which the log then says
   */
  public static @Nullable GraphCache open(@Nullable Path folder, long maxBytes) {
    if (maxBytes <= 0) {
      return null;
    }
    try {
      Optional<String> processor = Processor.described();
      if (processor.isEmpty()) {
        return null;
      }
      Path root =
          (folder == null
                  ? OwnFolder.amongTemporaryFiles("graphs")
                  : Files.createDirectories(folder))
              .toRealPath();
      GraphCache cache = new GraphCache(root, maxBytes, processor.get());
      cache.dropOldNotes();
      return cache;
    } catch (IOException failure) {
      log.warn("optimised graphs are not kept: {}", failure.toString());
      return null;
    }
  }

  /** Writes a model's form to a file, and its weights to {@link #WEIGHTS} beside it. */
  @FunctionalInterface
  interface Writer {
    /**
     * Writes.
     *
     * @param modelFile the model to read, which nobody else writes to
     * @param target the file to write
     */
    void write(Path modelFile, Path target);
  }

  /**
   * The model's form, made by the writer if there is none yet.
   *
   * @return empty if there cannot be one, for whatever reason
   */
  Optional<Path> form(ModelSource model, SessionOptions options, String version, Writer writer) {
    String content = model.content();
    if (content == null) {
      return Optional.empty();
    }
    try {
      long byteSize = model.byteSize();
      if (byteSize < LEAST_BYTES || byteSize > maxBytes / 2) {
        return Optional.empty();
      }
      Path form = root.resolve(key(content, options, version));
      synchronized (locks.computeIfAbsent(form, key -> new Object())) {
        if (Files.exists(form.resolve(REFUSED))) {
          return Optional.empty();
        }
        if ((use(form) && isIntact(form)) || make(form, model, byteSize, writer)) {
          Files.setLastModifiedTime(form, FileTime.from(Instant.now()));
          return Optional.of(form.resolve(MODEL));
        }
      }
    } catch (IOException | RuntimeException failure) {
      log.warn("the optimised graph of {} is not kept: {}", model.modelFile(), failure.toString());
    }
    return Optional.empty();
  }

  /** Never gives that form again: the runtime would not have it. */
  void refuse(Path form, String reason) {
    try {
      Path folder = form.getParent();
      if (folder != null) {
        Files.writeString(folder.resolve(REFUSED), reason);
        Files.deleteIfExists(folder.resolve(WEIGHTS));
      }
    } catch (IOException failure) {
      log.warn("{} stays: {}", form, failure.toString());
    }
  }

  // ---------------------------------------------------------------- making

  private boolean make(Path form, ModelSource model, long byteSize, Writer writer)
      throws IOException {
    Path lockFile = root.resolve("making.lock");
    // The file's lock keeps other processes out, the monitor other threads of this one.
    synchronized (MAKING) {
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock()) {
        // INVARIANT: the holder alone writes and deletes, so a part lying about is a dead
        // process's.
        return held.isValid()
            && (isIntactAndUsed(form) || makeAlone(form, model, byteSize, writer));
      }
    }
  }

  private boolean makeAlone(Path form, ModelSource model, long byteSize, Writer writer)
      throws IOException {
    deleteParts();
    if (!deleteUnlessUsedElsewhere(form)) {
      log.warn("{} is not made anew: another process uses it", form);
      return false;
    }
    if (Files.getFileStore(root).getUsableSpace() / SPARE_SPACE < byteSize) {
      log.info("the optimised graph of {} bytes is not kept: the disk is too full", byteSize);
      return false;
    }
    Path part = Files.createDirectory(root.resolve(form.getFileName() + PART));
    try (ModelSource.Copy files = model.copy()) {
      write(part, files.modelFile(), writer);
    }
    Files.createFile(part.resolve(USE));
    Files.move(part, form, StandardCopyOption.ATOMIC_MOVE);
    if (!use(form)) {
      throw new IOException(form + " was made and cannot be locked");
    }
    evict(form);
    intact.put(form, true);
    return !Files.exists(form.resolve(REFUSED));
  }

  private static void write(Path part, Path modelFile, Writer writer) throws IOException {
    try {
      writer.write(modelFile, part.resolve(MODEL));
      if (!isAligned(part)) {
        throw new OrtFailure(0, "weights begin at odd places (expected multiples of 64)");
      }
      Files.writeString(part.resolve(SEAL), seal(part));
    } catch (OrtFailure | InferenceException failure) {
      log.info("the runtime cannot write an optimised graph: {}", failure.getMessage());
      Folders.delete(part);
      Files.createDirectory(part);
      Files.writeString(part.resolve(REFUSED), String.valueOf(failure.getMessage()));
    }
  }

  private void evict(Path kept) throws IOException {
    record Form(Path folder, FileTime used, long byteSize) {}
    List<Form> forms = new ArrayList<>();
    long total = 0;
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.filter(GraphCache::isForm).toList()) {
        Form form = new Form(folder, Files.getLastModifiedTime(folder), byteSize(folder));
        forms.add(form);
        total += form.byteSize();
      }
    }
    forms.sort(Comparator.comparing(Form::used));
    for (Form form : forms) {
      if (total > maxBytes
          && !form.folder().equals(kept)
          && deleteUnlessUsedElsewhere(form.folder())) {
        log.info("{} is dropped: all take {} bytes (expected: <= {})", form, total, maxBytes);
        intact.remove(form.folder());
        total -= form.byteSize();
      }
    }
  }

  // ---------------------------------------------------------------- using

  /**
   * Locks a form as used by this process.
   *
   * @return false if it is not there, or goes
   */
  private static boolean use(Path form) throws IOException {
    synchronized (USED) {
      if (USED.containsKey(form)) {
        return true;
      }
      Path use = form.resolve(USE);
      if (!Files.exists(use)) {
        return false;
      }
      FileChannel channel =
          FileChannel.open(use, StandardOpenOption.READ, StandardOpenOption.WRITE);
      boolean isLocked = false;
      try {
        // Whoever deletes it has it locked meanwhile, and then it is no longer there.
        isLocked = channel.tryLock(0, Long.MAX_VALUE, true) != null && Files.exists(use);
      } finally {
        if (isLocked) {
          USED.put(form, channel);
        } else {
          channel.close();
        }
      }
      return isLocked;
    }
  }

  /** While nobody deletes: what was locked may be of a form before this one. */
  private boolean isIntactAndUsed(Path form) throws IOException {
    synchronized (USED) {
      release(form);
      // Earlier versions made none.
      if (Files.isRegularFile(form.resolve(SEAL)) && !Files.exists(form.resolve(USE))) {
        Files.createFile(form.resolve(USE));
      }
      return use(form) && isIntact(form);
    }
  }

  /** While nobody else makes or deletes. */
  private static boolean deleteUnlessUsedElsewhere(Path form) throws IOException {
    synchronized (USED) {
      if (!Files.isDirectory(form)) {
        release(form);
        return true;
      }
      boolean wasUsed = release(form);
      try (FileChannel channel =
              FileChannel.open(
                  form.resolve(USE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock alone = channel.tryLock()) {
        if (alone != null) {
          Folders.delete(form);
          return true;
        }
      }
      if (wasUsed && !use(form)) {
        log.warn("{} is used, and no longer locked", form);
      }
      return false;
    }
  }

  @GuardedBy("USED")
  private static boolean release(Path form) throws IOException {
    FileChannel channel = USED.remove(form);
    if (channel == null) {
      return false;
    }
    channel.close();
    return true;
  }

  private static boolean isForm(Path entry) {
    return FORM.matcher(entry.getFileName().toString()).matches() && Files.isDirectory(entry);
  }

  /** Hashes and notes of models lay here once. */
  private void dropOldNotes() throws IOException {
    try (Stream<Path> entries = Files.list(root)) {
      for (Path entry : entries.filter(Files::isRegularFile).toList()) {
        if (FORM.matcher(entry.getFileName().toString()).matches()) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }

  private void deleteParts() throws IOException {
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.filter(path -> path.toString().endsWith(PART)).toList()) {
        Folders.delete(folder);
      }
    }
  }

  private static long byteSize(Path folder) throws IOException {
    long total = 0;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        total += Files.size(file);
      }
    }
    return total;
  }

  // ---------------------------------------------------------------- checking

  private boolean isIntact(Path form) throws IOException {
    Path seal = form.resolve(SEAL);
    if (!Files.isRegularFile(seal)) {
      return false;
    }
    if (Boolean.TRUE.equals(intact.get(form))) {
      return true;
    }
    boolean same = Files.readString(seal).equals(seal(form)) && isAligned(form);
    if (same) {
      intact.put(form, true);
    } else {
      log.warn("{} is damaged", form);
    }
    return same;
  }

  private static boolean isAligned(Path form) {
    try {
      return AlignedWeights.firstUnaligned(form.resolve(MODEL)).isEmpty();
    } catch (IOException unreadable) {
      return false;
    }
  }

  /** Sizes and checksums of both files. */
  static String seal(Path folder) throws IOException {
    StringBuilder seal = new StringBuilder();
    for (String name : List.of(MODEL, WEIGHTS)) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        seal.append("%s %d %08x%n".formatted(name, Files.size(file), checksum(file)));
      }
    }
    return seal.toString();
  }

  private static long checksum(Path file) throws IOException {
    CRC32 checksum = new CRC32();
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      for (long from = 0; from < size; from += Integer.MAX_VALUE) {
        long length = Math.min(Integer.MAX_VALUE, size - from);
        checksum.update(channel.map(MapMode.READ_ONLY, from, length));
      }
    }
    return checksum.getValue();
  }

  // ---------------------------------------------------------------- naming

  private String key(String content, SessionOptions options, String version) {
    Map<String, String> configuration = new TreeMap<>(options.sessionConfiguration());
    // Whether threads spin makes no difference to the graph.
    configuration.remove(NativeOptions.SPINNING);
    return Sha256.of(
            String.join(
                "\n",
                FORMAT,
                content,
                version,
                processor,
                options.graph().optimization().name(),
                configuration.toString()))
        .substring(0, 32);
  }
}
