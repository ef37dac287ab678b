package io.onnxfleet.engine.loading.open;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where it is kept what was made of models and found out about them, for later starts and other
 * replicas.
 *
 * @param graphCache folder of the optimised graphs, or null for one among the temporary files
 * @param maxGraphCacheBytes what it may take up; 0 keeps none
 * @param notes folder of what was found out, or null for one beside the optimised graphs
 * @param copies folder of the copies that models are opened from, or null for one beside the
 *     optimised graphs
 */
public record KeptFiles(
    @Nullable Path graphCache,
    long maxGraphCacheBytes,
    @Nullable Path notes,
    @Nullable Path copies) {
  /** In the usual places, and no graphs. */
  public static final KeptFiles NO_GRAPHS = new KeptFiles(null, 0, null, null);

  /** Where notes are, or null for the usual place. */
  public @Nullable Path notesFolder() {
    return notes != null || graphCache == null ? notes : graphCache.resolve("notes");
  }

  /** Where copies are made, or null for the usual place. */
  public @Nullable Path copiesFolder() {
    return copies != null || graphCache == null ? copies : graphCache.resolve("copies");
  }

  /** The same with another folder of notes. */
  public KeptFiles withNotes(Path folder) {
    return new KeptFiles(graphCache, maxGraphCacheBytes, folder, copies);
  }
}
