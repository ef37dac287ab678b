package io.onnxfleet.engine.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
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
 *   <li>A form is found by the hash of the model's files, the runtime's version, the processor and
 *       every setting that shapes it; it is never used for anything else.
 *   <li>It appears as a whole or not at all, and is checked by size and checksum once a process
 *       before its first use. A damaged one is made anew.
 *   <li>What the runtime cannot write, or writes with another signature, is remembered as such.
 *   <li>Together the forms take up at most the given bytes; those not used for longest go first.
 *       What is noted besides is bounded by number.
 * </ul>
 *
 * <p>Only for sessions on the CPU, only where the processor can be told, and only for models whose
 * files lie in one folder and are large enough to gain by it. Thread-safe; processes may share it.
 */
public final class GraphCache {
  static final String MODEL = "model.onnx";
  static final String WEIGHTS = "weights.bin";
  static final String SEAL = "seal";
  static final String REFUSED = "refused";

  /** Below that, a session opens faster than this looks. */
  static final long LEAST_BYTES = 1 << 20;

  private static final Logger log = LoggerFactory.getLogger(GraphCache.class);
  private static final String PART = ".part";

  /** What a disk needs to have free besides, as a multiple of what is written. */
  private static final int SPARE_SPACE = 3;

  /** Notes beyond that are all dropped; what they said is found out again. */
  private static final int MOST_NOTES = 4096;

  private static final Object MAKING = new Object();

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
          folder == null
              ? OwnFolder.amongTemporaryFiles("graphs")
              : Files.createDirectories(folder);
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
    void write(Path target);
  }

  /**
   * The model's form, made by the writer if there is none yet.
   *
   * @return empty if there cannot be one, for whatever reason
   */
  Optional<Path> form(Path modelFile, SessionOptions options, String version, Writer writer) {
    try {
      List<Path> files = filesOf(modelFile);
      long byteSize = 0;
      for (Path file : files) {
        byteSize += Files.size(file);
      }
      if (files.isEmpty() || byteSize < LEAST_BYTES || byteSize > maxBytes / 2) {
        return Optional.empty();
      }
      Path form = root.resolve(key(modelFile, contentHash(modelFile, files), options, version));
      synchronized (locks.computeIfAbsent(form, key -> new Object())) {
        if (Files.exists(form.resolve(REFUSED))) {
          return Optional.empty();
        }
        if (isIntact(form) || make(form, byteSize, writer)) {
          Files.setLastModifiedTime(form, FileTime.from(Instant.now()));
          return Optional.of(form.resolve(MODEL));
        }
      }
    } catch (IOException | RuntimeException failure) {
      log.warn("the optimised graph of {} is not kept: {}", modelFile, failure.toString());
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

  /**
   * What was noted of a model on a processor like this one.
   *
   * @param name of the note
   */
  public Optional<String> note(Path modelFile, String name) {
    try {
      Optional<Path> note = noteFile(modelFile, name).filter(Files::isRegularFile);
      return note.isPresent() ? Optional.of(Files.readString(note.get())) : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  /** Notes something of a model, for later processes too; what cannot be written is forgotten. */
  public void note(Path modelFile, String name, String text) {
    try {
      Optional<Path> note = noteFile(modelFile, name);
      if (note.isEmpty()) {
        return;
      }
      Path part = Files.createTempFile(root, "note", PART);
      Files.writeString(part, text);
      Files.move(
          part, note.get(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failure) {
      log.warn("{} of {} is not noted: {}", name, modelFile, failure.toString());
    }
  }

  /** Empty if the model's content cannot be told, and so not be recognised either. */
  private Optional<Path> noteFile(Path modelFile, String name) throws IOException {
    List<Path> files = filesOf(modelFile);
    if (files.isEmpty()) {
      return Optional.empty();
    }
    String content = contentHash(modelFile, files);
    return Optional.of(
        root.resolve(hash(String.join("\n", content, processor, name)).substring(0, 32)));
  }

  // ---------------------------------------------------------------- making

  private boolean make(Path form, long byteSize, Writer writer) throws IOException {
    Path lockFile = root.resolve("making.lock");
    // The file's lock keeps other processes out, the monitor other threads of this one.
    synchronized (MAKING) {
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock()) {
        // INVARIANT: the holder alone writes, so a part lying about is a dead process's.
        return held.isValid() && (isIntact(form) || makeAlone(form, byteSize, writer));
      }
    }
  }

  private boolean makeAlone(Path form, long byteSize, Writer writer) throws IOException {
    deleteParts();
    if (Files.getFileStore(root).getUsableSpace() / SPARE_SPACE < byteSize) {
      log.info("the optimised graph of {} bytes is not kept: the disk is too full", byteSize);
      return false;
    }
    Path part = Files.createDirectory(root.resolve(form.getFileName() + PART));
    try {
      writer.write(part.resolve(MODEL));
      Files.writeString(part.resolve(SEAL), seal(part));
    } catch (OrtFailure | InferenceException failure) {
      log.info("the runtime cannot write an optimised graph: {}", failure.getMessage());
      delete(part);
      Files.createDirectory(part);
      Files.writeString(part.resolve(REFUSED), String.valueOf(failure.getMessage()));
    }
    delete(form);
    Files.move(part, form, StandardCopyOption.ATOMIC_MOVE);
    evict(form);
    intact.put(form, true);
    return !Files.exists(form.resolve(REFUSED));
  }

  private void evict(Path kept) throws IOException {
    record Form(Path folder, FileTime used, long byteSize) {}
    List<Form> forms = new ArrayList<>();
    long total = 0;
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.filter(Files::isDirectory).toList()) {
        Form form = new Form(folder, Files.getLastModifiedTime(folder), byteSize(folder));
        forms.add(form);
        total += form.byteSize();
      }
    }
    forms.sort(Comparator.comparing(Form::used));
    for (Form form : forms) {
      if (total > maxBytes && !form.folder().equals(kept)) {
        log.info("{} is dropped: all take {} bytes (expected: <= {})", form, total, maxBytes);
        intact.remove(form.folder());
        delete(form.folder());
        total -= form.byteSize();
      }
    }
  }

  /** Hashes and notes of models are small, but each path and each content leaves one. */
  private void dropOldNotes() throws IOException {
    try (Stream<Path> entries = Files.list(root)) {
      List<Path> notes = entries.filter(Files::isRegularFile).toList();
      if (notes.size() > MOST_NOTES) {
        for (Path note : notes) {
          Files.deleteIfExists(note);
        }
      }
    }
  }

  private void deleteParts() throws IOException {
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.filter(path -> path.toString().endsWith(PART)).toList()) {
        delete(folder);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
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
    boolean same = Files.readString(seal).equals(seal(form));
    if (same) {
      intact.put(form, true);
    } else {
      log.warn("{} is damaged and made anew", form);
    }
    return same;
  }

  /** Sizes and checksums of both files. */
  private static String seal(Path folder) throws IOException {
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

  private String key(Path modelFile, String contentHash, SessionOptions options, String version) {
    Map<String, String> configuration = new TreeMap<>(options.sessionConfiguration());
    // Whether threads spin makes no difference to the graph.
    configuration.remove(NativeOptions.SPINNING);
    return hash(String.join(
            "\n",
            "1",
            String.valueOf(modelFile.getFileName()),
            contentHash,
            version,
            processor,
            options.graph().optimization().name(),
            configuration.toString()))
        .substring(0, 32);
  }

  /**
   * Every file of the model's folder, because weights may lie outside of the model file; none if
   * there are folders, in which they may lie too.
   */
  private static List<Path> filesOf(Path modelFile) throws IOException {
    Path folder = modelFile.toAbsolutePath().getParent();
    if (folder == null) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> files = entries.sorted().toList();
      return files.stream().allMatch(Files::isRegularFile) ? files : List.of();
    }
  }

  /** The hash of the content, remembered for as long as names, sizes and times are the same. */
  private String contentHash(Path modelFile, List<Path> files) throws IOException {
    StringBuilder described = new StringBuilder();
    for (Path file : files) {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      described.append(
          "%s %d %s %s\n"
              .formatted(
                  file.toRealPath(),
                  attributes.size(),
                  attributes.lastModifiedTime().toInstant(),
                  attributes.fileKey()));
    }
    String stamp = described.toString();
    Path remembered = root.resolve(hash(modelFile.toRealPath().toString()).substring(0, 32));
    if (Files.isRegularFile(remembered)) {
      String[] hashAndStamp = Files.readString(remembered).split("\n", 2);
      if (hashAndStamp.length == 2 && hashAndStamp[1].equals(stamp)) {
        return hashAndStamp[0];
      }
    }
    String hash = contentHash(files);
    Path part = Files.createTempFile(root, "stamp", PART);
    Files.writeString(part, hash + "\n" + stamp);
    Files.move(
        part, remembered, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return hash;
  }

  private static String contentHash(List<Path> files) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[1 << 16];
    for (Path file : files) {
      digest.update("%s %d%n".formatted(file.getFileName(), Files.size(file)).getBytes(UTF_8));
      try (InputStream content = Files.newInputStream(file)) {
        for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
          digest.update(ByteBuffer.wrap(buffer, 0, read));
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String hash(String text) {
    return HexFormat.of().formatHex(sha256().digest(text.getBytes(UTF_8)));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
