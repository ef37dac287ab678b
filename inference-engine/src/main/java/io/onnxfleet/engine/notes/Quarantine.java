package io.onnxfleet.engine.notes;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.crash.CrashReport;
import io.onnxfleet.engine.crash.RunMarks.DeadProcess;
import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.runtime.Processor;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Versions that ended a process, by content: they are not loaded until an administrator loads them
 * or their files change.
 *
 * <p>Only evidence counts:
 *
 * <ul>
 *   <li>the JVM's report of a crash in ONNX Runtime, in a thread that ran the version, or waited
 *       for ONNX Runtime's own threads while no other version ran;
 *   <li>the second process that ended while it ran a shape of the version for the first time, and
 *       nothing else for the first time. A shape that runs well later clears its death.
 * </ul>
 *
 * <p>A kill during ordinary serving is none: no run is marked then, and no report is written. Kept
 * in {@link ModelNotes}. Thread-safe.
 */
public final class Quarantine {
  static final int MOST_DEATHS = 2;

  /** Older deaths are forgotten. */
  static final Duration REMEMBERED = Duration.ofDays(7);

  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final String QUARANTINE = "quarantine";
  private static final String DEATHS = "deaths in first runs";

  /** Other processors have other kernels. */
  private static final String SHAPES = "shapes that ran on " + Processor.id();

  private final ModelNotes notes;
  private final InstantSource clock;

  Quarantine(ModelNotes notes, InstantSource clock) {
    this.notes = notes;
    this.clock = clock;
  }

  /** What is in those notes. */
  public static Quarantine of(ModelNotes notes) {
    return new Quarantine(notes, InstantSource.system());
  }

  /**
   * A version that is not loaded.
   *
   * @param id as it was called when it ended a process
   * @param content the digest of its files
   */
  public record Entry(ModelVersionId id, String content, String reason) {
    /** The start of the digest, to show and to compare. */
    public String brief() {
      return content.substring(0, Math.min(content.length(), ContentDigest.BRIEF_LENGTH));
    }
  }

  /** A process that ended in a first run. */
  private record Death(Instant at, long shape, String description) {
    String line() {
      return "%d %d %s".formatted(at.toEpochMilli(), shape, description.replace('\n', ' '));
    }

    static Stream<Death> of(String line) {
      String[] parts = line.split(" ", 3);
      try {
        return Stream.of(
            new Death(
                Instant.ofEpochMilli(Long.parseLong(parts[0])),
                Long.parseLong(parts[1]),
                parts[2]));
      } catch (RuntimeException damaged) {
        return Stream.empty();
      }
    }
  }

  /** The reason as the index shows it. */
  public static String described(String reason) {
    return "quarantined, because it ended a process: %s; load lifts this".formatted(reason);
  }

  /** All of them, by content. */
  public List<Entry> entries() {
    return notes.list(QUARANTINE).entrySet().stream()
        .flatMap(note -> entry(note.getKey(), note.getValue()).stream())
        .toList();
  }

  /** Why a content is not loaded, or empty if it may be. */
  public Optional<Entry> find(String content) {
    return notes.read(content, QUARANTINE).flatMap(text -> entry(content, text));
  }

  private static Optional<Entry> entry(String content, String text) {
    String[] lines = text.split("\n", 3);
    try {
      return Optional.of(
          new Entry(new ModelVersionId(lines[1], Long.parseLong(lines[0])), content, lines[2]));
    } catch (RuntimeException damaged) {
      return Optional.empty();
    }
  }

  /** Not to be loaded from now on. */
  void put(ModelVersionId id, String content, String reason) {
    log.error("{} is quarantined (content {}): {}", id, content, reason);
    notes.write(content, QUARANTINE, "%d\n%s\n%s".formatted(id.version(), id.model(), reason));
  }

  /** May be loaded again; true if it might not. */
  public boolean lift(String content) {
    boolean was = find(content).isPresent();
    notes.remove(content, DEATHS);
    if (was) {
      notes.remove(content, QUARANTINE);
      log.warn("the quarantine of content {} is lifted", content);
    }
    return was;
  }

  /** The shapes that a content ran before on processors like this one. */
  public Set<Long> shapes(String content) {
    return notes
        .read(content, SHAPES)
        .map(
            text ->
                Stream.of(text.split(" "))
                    .filter(shape -> !shape.isBlank())
                    .map(shape -> Long.parseUnsignedLong(shape, 16))
                    .collect(Collectors.toSet()))
        .orElse(Set.of());
  }

  /** Notes the shapes that ran well; deaths in one of them are forgotten. */
  public void ranWell(String content, Set<Long> shapes) {
    Set<Long> all = new TreeSet<>(shapes);
    // Another replica may have run others.
    all.addAll(shapes(content));
    notes.write(
        content, SHAPES, all.stream().map(Long::toHexString).collect(Collectors.joining(" ")));
    List<Death> before = deaths(content);
    List<Death> left = before.stream().filter(death -> !shapes.contains(death.shape())).toList();
    if (left.size() < before.size()) {
      write(content, left);
    }
  }

  /**
   * Judges what ended processes before this one.
   *
   * @param reports where reports are kept
   */
  void judge(List<DeadProcess> dead, CrashFolder reports) {
    for (DeadProcess process : dead) {
      try {
        judge(process, reports);
      } catch (RuntimeException damaged) {
        log.warn("what ended process {} is not known", process.pid(), damaged);
      }
    }
    reports.sweep();
  }

  private void judge(DeadProcess process, CrashFolder reports) {
    CrashReport report = process.report();
    Map<String, Mark> running = new LinkedHashMap<>();
    process.running().forEach(mark -> running.put(mark.content(), mark));
    if (report == null) {
      if (!running.isEmpty()) {
        log.warn("process {} ended without a report while it ran {}", process.pid(), running);
      }
      died(running, "");
      return;
    }
    String what =
        "%s (details: %s)".formatted(report.describe(), reports.keep(report, process.pid()));
    Optional<Mark> culprit = report.isInOnnxRuntime() ? culprit(report, process) : Optional.empty();
    log.error(
        "process {} ended by {}{}",
        process.pid(),
        what,
        culprit.map(mark -> " in " + mark.model()).orElse(", in no model that is known"));
    if (culprit.isPresent()) {
      Mark mark = culprit.get();
      put(
          mark.model(),
          mark.content(),
          mark.description().isEmpty()
              ? what
              : "%s, in its first run of %s".formatted(what, mark.description()));
    } else {
      died(running, what);
    }
  }

  /** Whose code the crash was in. */
  private static Optional<Mark> culprit(CrashReport report, DeadProcess process) {
    ModelVersionId model = report.model();
    // The version that was opened last is the one that threads of that name run.
    return Stream.concat(process.open().stream(), process.running().stream())
        .filter(mark -> mark.model().equals(model))
        .reduce((first, second) -> second);
  }

  /** Of several at once nobody knows which it was. */
  private void died(Map<String, Mark> running, String what) {
    if (running.size() == 1) {
      boolean _ = died(running.values().iterator().next(), what);
    }
  }

  /**
   * Notes that a process ended in a first run.
   *
   * @param what it ended by, or empty
   * @return whether the version is quarantined now
   */
  public boolean died(Mark mark, String what) {
    List<Death> deaths = new ArrayList<>(deaths(mark.content()));
    deaths.add(new Death(clock.instant(), mark.shape(), mark.description()));
    write(mark.content(), deaths);
    if (deaths.size() >= MOST_DEATHS) {
      put(
          mark.model(),
          mark.content(),
          "%d processes ended while they ran it for the first time, on %s%s"
              .formatted(
                  deaths.size(),
                  deaths.stream()
                      .map(Death::description)
                      .distinct()
                      .collect(Collectors.joining(" and ")),
                  what.isEmpty() ? "" : "; the last by " + what));
      return true;
    } else {
      log.warn(
          "{} was in its first run of {} when its process ended; once more, and it is quarantined",
          mark.model(),
          mark.description());
      return false;
    }
  }

  private List<Death> deaths(String content) {
    Instant since = clock.instant().minus(REMEMBERED);
    return notes.read(content, DEATHS).stream()
        .flatMap(text -> text.lines())
        .flatMap(Death::of)
        .filter(death -> death.at().isAfter(since))
        .toList();
  }

  private void write(String content, List<Death> deaths) {
    if (deaths.isEmpty()) {
      notes.remove(content, DEATHS);
    } else {
      notes.write(
          content, DEATHS, deaths.stream().map(Death::line).collect(Collectors.joining("\n")));
    }
  }
}
