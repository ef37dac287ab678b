package io.onnxfleet.engine.loading.open;

import io.onnxfleet.engine.repository.ModelFolder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Brings one version of a model to the point where it takes requests. Thread-safe. */
@FunctionalInterface
public interface VersionLoader {
  /**
   * Loads and warms up; takes as long as that takes.
   *
   * @param progress is told what is being done, in a few words
   * @throws io.onnxfleet.engine.error.InferenceException with a reason fit for the index
   */
  LoadedVersion load(ModelFolder folder, ModelFolder.Version version, Consumer<String> progress);

  /**
   * Gives a version that it loaded the instances that its folder asks for now, without an
   * interruption.
   *
   * @return the version as it is from now on, or null if it has to be loaded anew for that
   * @throws io.onnxfleet.engine.error.InferenceException if it is left as it was, with the reason
   */
  default @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, ModelFolder.Version version) {
    return null;
  }

  /**
   * An administrator asks for a model by name: what it is quarantined for is forgotten.
   *
   * @return whether it was
   */
  default boolean lift(ModelFolder folder) {
    return false;
  }

  /** True if a version that it loaded is known to be what the folder has now. */
  default boolean isSame(LoadedVersion loaded, ModelFolder folder, ModelFolder.Version version) {
    return false;
  }

  /** What it loaded was drained and closed. */
  default void closed(LoadedVersion loaded) {}

  /** Nothing is loaded from now on. */
  default void close() {}
}
