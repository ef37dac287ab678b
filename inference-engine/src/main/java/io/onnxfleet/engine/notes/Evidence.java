package io.onnxfleet.engine.notes;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.crash.FirstRunGuard;
import io.onnxfleet.engine.crash.FirstRuns;
import io.onnxfleet.engine.crash.MarkedSession;
import io.onnxfleet.engine.crash.RunMarks;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSessionFactory;
import io.onnxfleet.engine.runtime.OwnFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of processes that ended before this one, and what the next one will know of this
 * one. Thread-safe.
 */
public final class Evidence {
  private static final Logger log = LoggerFactory.getLogger(Evidence.class);
  private static final String FOLDER = "running";

  private final Quarantine quarantine;
  private final RunMarks marks;

  /** Whose runs are marked, by model file. */
  private final Map<Path, FirstRuns> watched = new ConcurrentHashMap<>();

  private final List<BiConsumer<ModelVersionId, String>> listeners = new CopyOnWriteArrayList<>();

  Evidence(Quarantine quarantine, RunMarks marks) {
    this.quarantine = quarantine;
    this.marks = marks;
  }

  /**
   * Judges what ended earlier processes, and marks from now on what this one runs.
   *
   * @param notesFolder folder of the notes, beside which marks lie, or null for the usual one
   */
  public static Evidence collect(ModelNotes notes, @Nullable Path notesFolder) {
    Quarantine quarantine = Quarantine.of(notes);
    try {
      Path folder =
          (notesFolder == null ? OwnFolder.amongTemporaryFiles("notes") : notesFolder)
              .resolve(FOLDER);
      quarantine.judge(RunMarks.takeDead(folder), CrashFolder.ofThisProcess());
      return new Evidence(quarantine, RunMarks.open(folder));
    } catch (IOException | SecurityException impossible) {
      log.warn("what runs for the first time is not marked: {}", impossible.toString());
      return new Evidence(quarantine, RunMarks.none());
    }
  }

  /** Nothing is known or marked. */
  public static Evidence none() {
    return new Evidence(Quarantine.of(ModelNotes.inMemory()), RunMarks.none());
  }

  /** Which versions are not loaded. */
  public Quarantine quarantine() {
    return quarantine;
  }

  public RunMarks marks() {
    return marks;
  }

  /** Tells who takes quarantined versions away; told with the reason for the index. */
  public void onQuarantine(BiConsumer<ModelVersionId, String> listener) {
    listeners.add(listener);
  }

  /** A version that serves ended a process of its own: it is taken away. */
  public void quarantine(FirstRuns runs, String reason) {
    quarantine.put(runs.id(), runs.content(), reason);
    listeners.forEach(listener -> listener.accept(runs.id(), Quarantine.described(reason)));
  }

  /** Has the runs of sessions marked that are opened from now on. */
  public void watch(Path modelFile, FirstRuns runs) {
    watched.put(modelFile, runs);
  }

  /** Has first runs on callers' data happen elsewhere before, as long as nothing ran well. */
  public void guard(Path modelFile, FirstRunGuard guard) {
    FirstRuns runs = watched.get(modelFile);
    if (runs != null) {
      runs.guard(guard);
    }
  }

  /** Sessions whose first runs are marked, where their model is watched. */
  public ModelSessionFactory marking(ModelSessionFactory sessions) {
    return (model, options) -> {
      ModelSession session = sessions.open(model, options);
      FirstRuns runs = watched.get(model.modelFile());
      return runs == null ? session : new MarkedSession(session, runs);
    };
  }
}
