package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a version's files, at each load, so that those behind it know the version by what it is and
 * not by the names and times of its files. Thread-safe.
 */
final class ContentVersionLoader implements VersionLoader {
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
    return loader.load(folder, version.withContent(folder.contentOf(version)), progress);
  }

  /** Only where nothing but the instances has changed. */
  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    ContentDigest content = folder.contentOf(version);
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
