package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.metrics.ModelVersionId;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which versions this process has open, and what it is running for the first time, in a file that
 * outlives it however it ends.
 *
 * <ul>
 *   <li>A mark is written to memory that the kernel keeps in the file: neither setting nor clearing
 *       one is a system call, and both are seen after a crash or a kill.
 *   <li>The file is locked for as long as the process lives, whichever container it is in, so that
 *       {@link #takeDead} takes those of dead processes only, and each of them once. A process id
 *       decides nothing: in containers all have the same one.
 *   <li>Marks from another host, where another container counts as one, are left to that host for
 *       {@link #LEFT_TO_ITS_HOST}, and tell no report then: those lie where that host looks.
 *   <li>At most {@value #SLOTS} marks are set at once; what comes beyond is not marked. Where no
 *       file can be made, nothing is, which the log says.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class RunMarks implements AutoCloseable {
  static final int SLOTS = 512;

  /**
   * A process that is started again there has the report too; and a lock of another machine may not
   * be seen everywhere.
   */
  static final Duration LEFT_TO_ITS_HOST = Duration.ofMinutes(10);

  private static final Logger log = LoggerFactory.getLogger(RunMarks.class);
  private static final long MAGIC = 0x464c4545544d4b31L;
  private static final String SUFFIX = ".marks";
  private static final String PART = ".marks-part";
  private static final int HEADER = 8192;
  private static final int SLOT = 2048;
  private static final int SIZE = HEADER + SLOTS * SLOT;

  /** Half a file is being written; older than that, it was left by a process that died over it. */
  private static final Duration LONGEST_WRITE = Duration.ofHours(1);

  /** Offsets in the header. */
  private static final int PID = 8;

  private static final int STARTED = 16;
  private static final int ERROR_FILE = 64;
  private static final int WORKING_FOLDER = 4096;
  private static final int LONGEST_PATH = 4000;
  private static final int HOST = 8100;
  private static final int LONGEST_HOST = 64;

  /** Offsets in a slot. */
  private static final int STATE = 0;

  private static final int VERSION = 8;
  private static final int SHAPE = 16;
  private static final int CONTENT = 32;
  private static final int MODEL = 256;
  private static final int DESCRIPTION = 1280;
  private static final int LONGEST_CONTENT = 128;
  private static final int LONGEST_MODEL = 1000;
  private static final int LONGEST_DESCRIPTION = 700;

  private static final int FREE = 0;
  private static final int TAKEN = 1;
  private static final int RUNNING = 2;
  private static final int OPEN = 3;

  /** Closing any channel to a file gives up the locks that this process has on it. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private static final VarHandle INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final @Nullable Path file;
  private final @Nullable FileChannel channel;
  private final @Nullable MappedByteBuffer memory;
  private final AtomicIntegerArray taken = new AtomicIntegerArray(SLOTS);

  private RunMarks(
      @Nullable Path file, @Nullable FileChannel channel, @Nullable MappedByteBuffer memory) {
    this.file = file;
    this.channel = channel;
    this.memory = memory;
  }

  /**
   * A run, or a version that is open.
   *
   * @param content the digest of the version's files
   * @param shape which class of sizes is run
   * @param description the sizes, to be shown
   */
  public record Mark(ModelVersionId model, String content, long shape, String description) {}

  /**
   * A process that ended without a farewell.
   *
   * @param running what it ran for the first time
   * @param open the versions that it had open or was opening
   * @param report what its JVM wrote down, or null; null for a process of another host
   */
  public record DeadProcess(
      long pid,
      Instant started,
      List<Mark> running,
      List<Mark> open,
      @Nullable CrashReport report) {
    public DeadProcess {
      running = List.copyOf(running);
      open = List.copyOf(open);
    }
  }

  /** Marks that nobody sees. */
  public static RunMarks none() {
    return new RunMarks(null, null, null);
  }

  /** Marks of this process in a file of its own in that folder, which is made if it is missing. */
  public static RunMarks open(Path folder) {
    return open(folder, hostName());
  }

  static RunMarks open(Path folder, String host) {
    FileChannel channel = null;
    try {
      Files.createDirectories(folder);
      String name = UUID.randomUUID().toString();
      Path part = folder.resolve(name + PART);
      channel =
          FileChannel.open(
              part,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      // Written and not only mapped: a disk that is full has to say so now, not by a signal later.
      writeFully(channel, ByteBuffer.allocate(SIZE));
      if (channel.tryLock() == null) {
        throw new IOException(part + " is locked by another process (expected: by this one)");
      }
      MappedByteBuffer memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
      memory.order(ByteOrder.nativeOrder());
      memory.putLong(PID, ProcessHandle.current().pid());
      memory.putLong(STARTED, startOfThisProcess().toEpochMilli());
      put(memory, ERROR_FILE, LONGEST_PATH, CrashFolder.errorFile());
      put(memory, WORKING_FOLDER, LONGEST_PATH, Path.of("").toAbsolutePath().toString());
      put(memory, HOST, LONGEST_HOST, host);
      memory.putLong(0, MAGIC);
      // Complete and locked from the moment at which others see it.
      Path file = folder.resolve(name + SUFFIX);
      OWN.add(file);
      Files.move(part, file);
      return new RunMarks(file, channel, memory);
    } catch (IOException | SecurityException | UnsupportedOperationException impossible) {
      log.warn("what runs for the first time is not marked: {}", impossible.toString());
      closeQuietly(channel);
      return none();
    }
  }

  /** A container's own, which outlives its process: in Kubernetes the pod's. */
  private static String hostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException | SecurityException noLinux) {
      return Objects.requireNonNullElse(System.getenv("COMPUTERNAME"), "");
    }
  }

  private static Instant startOfThisProcess() {
    return ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int _ = channel.write(bytes);
    }
    channel.force(false);
  }

  /**
   * Marks a run that begins now.
   *
   * @return what to {@link #end} it by
   */
  int begin(Mark run) {
    return mark(run, RUNNING);
  }

  /**
   * Marks a version that is opened now.
   *
   * @return what to {@link #end} it by
   */
  public int open(ModelVersionId id, String content) {
    return mark(new Mark(id, content, 0, ""), OPEN);
  }

  private int mark(Mark mark, int state) {
    MappedByteBuffer buffer = memory;
    if (buffer == null) {
      return -1;
    }
    for (int slot = 0; slot < SLOTS; slot++) {
      if (taken.get(slot) == FREE && taken.compareAndSet(slot, FREE, TAKEN)) {
        int at = HEADER + slot * SLOT;
        buffer.putLong(at + VERSION, mark.model().version());
        buffer.putLong(at + SHAPE, mark.shape());
        put(buffer, at + CONTENT, LONGEST_CONTENT, mark.content());
        put(buffer, at + MODEL, LONGEST_MODEL, mark.model().model());
        put(buffer, at + DESCRIPTION, LONGEST_DESCRIPTION, mark.description());
        INTS.setVolatile(buffer, at + STATE, state);
        return slot;
      }
    }
    return -1;
  }

  /** Clears a mark: the run is over, however it went, or the version is closed. */
  public void end(int slot) {
    MappedByteBuffer buffer = memory;
    if (buffer != null && slot >= 0) {
      INTS.setVolatile(buffer, HEADER + slot * SLOT + STATE, FREE);
      taken.set(slot, FREE);
    }
  }

  /** Takes the files of dead processes out of a folder, and says what they tell. */
  public static List<DeadProcess> takeDead(Path folder) {
    return takeDead(folder, hostName());
  }

  static List<DeadProcess> takeDead(Path folder, String host) {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(RunMarks::isMarks).sorted().toList();
    } catch (IOException | SecurityException none) {
      return List.of();
    }
    List<DeadProcess> dead = new ArrayList<>();
    for (Path file : files) {
      take(file, host).ifPresent(dead::add);
    }
    return dead;
  }

  private static boolean isMarks(Path file) {
    String name = file.toString();
    return !OWN.contains(file) && (name.endsWith(SUFFIX) || name.endsWith(PART));
  }

  private static Optional<DeadProcess> take(Path file, String host) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (channel.tryLock() == null || !Files.exists(file)) {
        return Optional.empty();
      }
      ByteBuffer bytes = ByteBuffer.allocate(SIZE).order(ByteOrder.nativeOrder());
      boolean more = true;
      while (more && bytes.hasRemaining()) {
        more = channel.read(bytes) >= 0;
      }
      boolean isComplete = file.toString().endsWith(SUFFIX) && !bytes.hasRemaining();
      boolean isMarks = isComplete && bytes.getLong(0) == MAGIC;
      boolean isOurs = isMarks && isOf(bytes, host);
      if (isMarks && !isOurs && !isOlderThan(file, LEFT_TO_ITS_HOST)) {
        return Optional.empty();
      }
      if (isComplete || isOlderThan(file, LONGEST_WRITE)) {
        Files.deleteIfExists(file);
      }
      return isMarks ? Optional.of(read(bytes, isOurs)) : Optional.empty();
    } catch (IOException | RuntimeException aliveOrGone) {
      // A lock that this very process holds is reported by a RuntimeException.
      return Optional.empty();
    }
  }

  /** Earlier versions named no host. */
  private static boolean isOf(ByteBuffer bytes, String host) {
    String named = get(bytes, HOST, LONGEST_HOST);
    return named.isEmpty() || named.equals(host);
  }

  private static boolean isOlderThan(Path file, Duration age) throws IOException {
    return Files.getLastModifiedTime(file).toInstant().isBefore(Instant.now().minus(age));
  }

  private static DeadProcess read(ByteBuffer bytes, boolean isOurs) {
    List<Mark> running = new ArrayList<>();
    List<Mark> open = new ArrayList<>();
    for (int slot = 0; slot < SLOTS; slot++) {
      int at = HEADER + slot * SLOT;
      int state = bytes.getInt(at + STATE);
      if (state == RUNNING || state == OPEN) {
        (state == RUNNING ? running : open).add(readMark(bytes, at));
      }
    }
    long pid = bytes.getLong(PID);
    Instant started = Instant.ofEpochMilli(bytes.getLong(STARTED));
    return new DeadProcess(
        pid,
        started,
        running,
        open,
        isOurs
            ? CrashFolder.find(
                    pid,
                    started,
                    get(bytes, ERROR_FILE, LONGEST_PATH),
                    get(bytes, WORKING_FOLDER, LONGEST_PATH))
                .orElse(null)
            : null);
  }

  private static Mark readMark(ByteBuffer bytes, int at) {
    return new Mark(
        new ModelVersionId(get(bytes, at + MODEL, LONGEST_MODEL), bytes.getLong(at + VERSION)),
        get(bytes, at + CONTENT, LONGEST_CONTENT),
        bytes.getLong(at + SHAPE),
        get(bytes, at + DESCRIPTION, LONGEST_DESCRIPTION));
  }

  /** Texts are cut to what there is room for. */
  private static void put(ByteBuffer buffer, int at, int most, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, most);
    buffer.putInt(at, length);
    buffer.put(at + Integer.BYTES, bytes, 0, length);
  }

  private static String get(ByteBuffer buffer, int at, int most) {
    int length = Math.clamp(buffer.getInt(at), 0, most);
    byte[] bytes = new byte[length];
    buffer.get(at + Integer.BYTES, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException stays) {
      log.debug("a file of marks stays open", stays);
    }
  }

  /** Says farewell: whatever ends this process afterwards is nobody's fault. */
  @Override
  public void close() {
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException stays) {
        log.debug("{} stays", file, stays);
      }
      closeQuietly(channel);
    }
  }
}
