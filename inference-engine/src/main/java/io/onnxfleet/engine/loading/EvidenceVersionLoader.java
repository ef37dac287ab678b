package io.onnxfleet.engine.loading;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.crash.FirstRuns;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.Quarantine;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Loads no version that is quarantined, and has what the others run for the first time marked, so
 * that the next process knows what ended this one. The sessions that are opened for its versions
 * come from {@link Evidence#marking}. Thread-safe.
 */
final class EvidenceVersionLoader implements VersionLoader {
  /** How long shapes that ran well wait to be noted, several at once. */
  private static final Duration NOTED_AFTER = Duration.ofMillis(500);

  private final VersionLoader loader;
  private final Evidence evidence;

  /** The mark of each version that is open. */
  private final Map<LoadedVersion, Integer> open = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private boolean closed;

  EvidenceVersionLoader(VersionLoader loader, Evidence evidence) {
    this.loader = loader;
    this.evidence = evidence;
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    if (version.problem() != null) {
      return loader.load(folder, version, progress);
    }
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    String content = folder.contentOf(version).version();
    requireNotQuarantined(content);
    FirstRuns runs = runs(id, content);
    evidence.watch(version.modelFile(), runs);
    int mark = evidence.marks().open(id, content);
    LoadedVersion loaded = null;
    try {
      loaded = loader.load(folder, version, progress);
    } finally {
      if (loaded == null) {
        evidence.marks().end(mark);
      }
    }
    runs.serve();
    open.put(loaded, mark);
    return loaded;
  }

  private FirstRuns runs(ModelVersionId id, String content) {
    Quarantine quarantine = evidence.quarantine();
    AtomicBoolean pending = new AtomicBoolean();
    FirstRuns[] self = new FirstRuns[1];
    self[0] =
        new FirstRuns(
            id,
            content,
            evidence.marks(),
            quarantine.shapes(content),
            () -> {
              if (pending.compareAndSet(false, true)) {
                CompletableFuture.delayedExecutor(NOTED_AFTER.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(
                        () -> {
                          pending.set(false);
                          note(() -> quarantine.ranWell(content, self[0].known()));
                        });
              }
            });
    return self[0];
  }

  /** Notes something, unless this was closed meanwhile: nothing is written after that. */
  private synchronized void note(Runnable noting) {
    if (!closed) {
      noting.run();
    }
  }

  private void requireNotQuarantined(String content) {
    evidence
        .quarantine()
        .find(content)
        .ifPresent(
            entry -> {
              throw new InferenceException(
                  ErrorCode.MODEL_LOAD_FAILED, Quarantine.described(entry.reason()));
            });
  }

  @Override
  public boolean lift(ModelFolder folder) {
    boolean lifted = false;
    if (!evidence.quarantine().entries().isEmpty()) {
      for (Version version : folder.servedVersions()) {
        lifted |=
            version.problem() == null
                && evidence.quarantine().lift(folder.contentOf(version).version());
      }
    }
    return lifted;
  }

  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    LoadedVersion rearranged = loader.rearrange(loaded, folder, version);
    if (rearranged != null) {
      Integer mark = open.remove(loaded);
      if (mark != null) {
        open.put(rearranged, mark);
      }
    }
    return rearranged;
  }

  @Override
  public void closed(LoadedVersion loaded) {
    loader.closed(loaded);
    Integer mark = open.remove(loaded);
    if (mark != null) {
      evidence.marks().end(mark);
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    loader.close();
    evidence.marks().close();
  }
}
