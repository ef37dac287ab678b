package io.onnxfleet.engine.loading;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.ModelStamp;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a version's files, at each load, so that those behind it know the version by what it is and
 * not by the names and times of its files. What was written to meanwhile is not served: part of it
 * may have been read before, part after. Thread-safe.
 */
final class ContentVersionLoader implements VersionLoader {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final VersionLoader loader;

  ContentVersionLoader(VersionLoader loader) {
    this.loader = loader;
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    if (version.problem() != null) {
      return loader.load(folder, version, progress);
    }
    progress.accept("reading its files");
    ModelStamp stamp = ModelStamp.of(folder);
    ContentDigest content = ContentDigest.of(folder, version);
    LoadedVersion loaded;
    try {
      loaded = loader.load(folder, version.withContent(content), progress);
    } catch (InferenceException failure) {
      throw hasChanged(stamp, content, folder, version)
          ? writtenTo("; it failed with: " + failure.getMessage())
          : failure;
    }
    if (hasChanged(stamp, content, folder, version)) {
      discard(loaded);
      throw writtenTo("");
    }
    return loaded;
  }

  private static boolean hasChanged(
      ModelStamp stamp, ContentDigest content, ModelFolder folder, Version version) {
    return !ModelStamp.of(folder).equals(stamp) && !isStill(content, folder, version);
  }

  private static InferenceException writtenTo(String consequence) {
    return InferenceException.retryable(
        ErrorCode.MODEL_LOAD_FAILED,
        "its files were written to while it was loaded (expected the same until it is loaded)"
            + consequence,
        PAUSE);
  }

  private static boolean isStill(ContentDigest content, ModelFolder folder, Version version) {
    try {
      return ContentDigest.of(folder, version).equals(content);
    } catch (InferenceException unreadable) {
      return false;
    }
  }

  private void discard(LoadedVersion loaded) {
    try {
      loaded.group().drain(PAUSE);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    loader.closed(loaded);
  }

  @Override
  public boolean isSame(LoadedVersion loaded, ModelFolder folder, Version version) {
    return version.problem() == null && isStill(loaded.content(), folder, version);
  }

  /** Only where nothing but the instances has changed. */
  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    ContentDigest content = ContentDigest.of(folder, version);
    return content.equals(loaded.content())
        ? loader.rearrange(loaded, folder, version.withContent(content))
        : null;
  }

  @Override
  public boolean lift(ModelFolder folder) {
    return loader.lift(folder);
  }

  @Override
  public void closed(LoadedVersion loaded) {
    loader.closed(loaded);
  }

  @Override
  public void close() {
    loader.close();
  }
}
