package io.onnxfleet.engine.notes;

import io.onnxfleet.engine.repository.ContentDigest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Contents of which a merged request was seen to be answered in another way than alone. They are
 * noted, so that later starts and the other replicas of the machine know. Thread-safe.
 */
public final class UnmergeableModels {
  private static final String NOTE = "unmergeable";

  private final ModelNotes notes;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  public UnmergeableModels(ModelNotes notes) {
    this.notes = notes;
  }

  /** How an answer differed, in types and shapes; empty if none was seen to. */
  public Optional<String> reason(ContentDigest content) {
    return notes.read(content.version(), NOTE);
  }

  /** Notes what was seen of a content, and tells the listeners. */
  public void found(ContentDigest content, String reason) {
    notes.write(content.version(), NOTE, reason);
    listeners.forEach(Runnable::run);
  }

  /** Calls back after each find. */
  public void onFind(Runnable listener) {
    listeners.add(listener);
  }
}
