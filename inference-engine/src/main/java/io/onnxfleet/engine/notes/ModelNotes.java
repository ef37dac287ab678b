package io.onnxfleet.engine.notes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.engine.file.Sha256;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.runtime.OwnFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was found out about models and should not be found out again: short texts by a model's
 * content and a name, kept for later starts and for the other replicas of the machine. Where a
 * model lies and what it is called makes no difference.
 *
 * <ul>
 *   <li>A note appears as a whole or not at all. One that is damaged counts as none.
 *   <li>Nothing here fails: what cannot be written is kept until this process ends, which the log
 *       says once.
 *   <li>At most {@value #MOST_NOTES} notes of at most {@value #MOST_LETTERS} letters; those neither
 *       written nor read for longest go first.
 * </ul>
 *
 * <p>A note that holds on some machines only says so in its name. Thread-safe; processes may share
 * the folder.
 */
public final class ModelNotes {
  static final int MOST_NOTES = 8192;
  static final int MOST_LETTERS = 1 << 16;

  private static final Logger log = LoggerFactory.getLogger(ModelNotes.class);
  private static final String FORMAT = "note 1";
  private static final String SUFFIX = ".note";
  private static final String PART = ".part";
  private static final int NAME_LENGTH = 32;

  /** A part that old is a dead process's. */
  private static final Duration LONGEST_WRITE = Duration.ofHours(1);

  private static final int SWEEP_EVERY = 512;

  /** How often a note's time is set by reading it. */
  private static final Duration READ_GRANULE = Duration.ofHours(1);

  private final @Nullable Path root;

  /** What could not be written, by file name; the last that was is the file's. */
  private final Map<String, Note> unwritten = new ConcurrentHashMap<>();

  private final AtomicInteger written = new AtomicInteger();
  private volatile boolean failing;

  private ModelNotes(@Nullable Path root) {
    this.root = root;
  }

  private record Note(String content, String name, String text) {
    String line() {
      return content + " " + name;
    }
  }

  /**
   * The notes of a folder, which is made if it is missing.
   *
   * @param folder null for one of this user among the temporary files
   */
  public static ModelNotes open(@Nullable Path folder) {
    try {
      Path root =
          folder == null ? OwnFolder.amongTemporaryFiles("notes") : Files.createDirectories(folder);
      ModelNotes notes = new ModelNotes(root);
      notes.sweep();
      return notes;
    } catch (IOException | SecurityException failure) {
      log.warn("what is found out about models is forgotten at the end: {}", failure.toString());
      return inMemory();
    }
  }

  /** Notes that end with the process. */
  public static ModelNotes inMemory() {
    return new ModelNotes(null);
  }

  /**
   * What was noted last.
   *
   * @param content a digest of {@link ContentDigest}
   * @param name of the note, one line
   */
  public Optional<String> read(String content, String name) {
    String file = fileName(content, name);
    Note kept = unwritten.get(file);
    if (kept != null) {
      return Optional.of(kept.text());
    }
    return root == null
        ? Optional.empty()
        : read(root.resolve(file))
            .filter(note -> note.content().equals(content) && note.name().equals(name))
            .map(Note::text);
  }

  /** Notes that text, in place of what was noted before. */
  public void write(String content, String name, String text) {
    Note note = new Note(content, requireOneLine(name), text);
    if (text.length() > MOST_LETTERS) {
      throw new IllegalArgumentException(
          "note '%s': %d letters (expected: <= %d)".formatted(name, text.length(), MOST_LETTERS));
    }
    String file = fileName(content, name);
    if (root == null || !write(root.resolve(file), note)) {
      if (unwritten.size() < MOST_NOTES) {
        unwritten.put(file, note);
      }
    } else {
      unwritten.remove(file);
    }
  }

  /** Notes nothing of that name from now on. */
  public void remove(String content, String name) {
    String file = fileName(content, name);
    unwritten.remove(file);
    if (root != null) {
      try {
        Files.deleteIfExists(root.resolve(file));
      } catch (IOException failure) {
        log.warn("the note '{}' of {} stays: {}", name, content, failure.toString());
      }
    }
  }

  /** All notes of that name, by content. */
  public Map<String, String> list(String name) {
    Map<String, String> texts = new TreeMap<>();
    String end = "." + Sha256.of(requireOneLine(name)).substring(0, NAME_LENGTH) + SUFFIX;
    for (Path file : files(end)) {
      read(file)
          .filter(note -> note.name().equals(name))
          .ifPresent(note -> texts.put(note.content(), note.text()));
    }
    for (Note note : unwritten.values()) {
      if (note.name().equals(name)) {
        texts.put(note.content(), note.text());
      }
    }
    return texts;
  }

  private boolean write(Path file, Note note) {
    Path part = null;
    try {
      part = Files.createTempFile(file.getParent(), "note", PART);
      String body = note.line() + "\n" + note.text();
      Files.writeString(part, "%s %08x\n%s".formatted(FORMAT, checksum(body), body));
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      failing = false;
      if (written.incrementAndGet() % SWEEP_EVERY == 0) {
        sweep();
      }
      return true;
    } catch (IOException failure) {
      if (!failing) {
        log.warn("notes about models last only until the end: {}", failure.toString());
      }
      failing = true;
      deleteQuietly(part);
      return false;
    }
  }

  private static Optional<Note> read(Path file) {
    try {
      FileTime written = Files.getLastModifiedTime(file);
      String[] headAndBody = Files.readString(file).split("\n", 2);
      if (headAndBody.length < 2
          || !headAndBody[0].equals("%s %08x".formatted(FORMAT, checksum(headAndBody[1])))) {
        return Optional.empty();
      }
      String[] lineAndText = headAndBody[1].split("\n", 2);
      String[] contentAndName = lineAndText[0].split(" ", 2);
      if (written.toInstant().plus(READ_GRANULE).isBefore(Instant.now())) {
        touch(file);
      }
      return Optional.of(new Note(contentAndName[0], contentAndName[1], lineAndText[1]));
    } catch (IOException | RuntimeException noneOrDamaged) {
      return Optional.empty();
    }
  }

  private static void touch(Path file) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (IOException mayOnlyRead) {
      log.debug("{} keeps its time", file, mayOnlyRead);
    }
  }

  /** Drops what dead processes left half written, and the oldest notes beyond the bound. */
  private void sweep() throws IOException {
    Instant now = Instant.now();
    for (Path part : files(PART)) {
      Optional<Instant> written = writtenAt(part);
      if (written.isPresent() && written.get().plus(LONGEST_WRITE).isBefore(now)) {
        deleteQuietly(part);
      }
    }
    List<Path> notes = new ArrayList<>(files(SUFFIX));
    if (notes.size() > MOST_NOTES) {
      Map<Path, Instant> times = new HashMap<>();
      notes.forEach(note -> times.put(note, writtenAt(note).orElse(Instant.MIN)));
      notes.sort(Comparator.comparing(times::get));
      notes.subList(0, notes.size() - MOST_NOTES).forEach(ModelNotes::deleteQuietly);
    }
  }

  private List<Path> files(String end) {
    if (root == null) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(root)) {
      return entries.filter(file -> file.toString().endsWith(end)).toList();
    } catch (IOException | RuntimeException unreadable) {
      return List.of();
    }
  }

  private static Optional<Instant> writtenAt(Path file) {
    try {
      return Optional.of(Files.getLastModifiedTime(file).toInstant());
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  private static void deleteQuietly(@Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException stays) {
      log.debug("{} stays", file, stays);
    }
  }

  private static String fileName(String content, String name) {
    return Sha256.of(content).substring(0, NAME_LENGTH)
        + "."
        + Sha256.of(requireOneLine(name)).substring(0, NAME_LENGTH)
        + SUFFIX;
  }

  private static String requireOneLine(String name) {
    if (name.isEmpty() || name.contains("\n")) {
      throw new IllegalArgumentException("note '%s' (expected a name of one line)".formatted(name));
    }
    return name;
  }

  private static long checksum(String text) {
    CRC32C checksum = new CRC32C();
    checksum.update(text.getBytes(UTF_8));
    return checksum.getValue();
  }
}
