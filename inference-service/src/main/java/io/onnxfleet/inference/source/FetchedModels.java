package io.onnxfleet.inference.source;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The models of all sources that this replica serves, kept until it is closed. */
public final class FetchedModels implements AutoCloseable {
  private final @Nullable SourceCache cache;
  private final List<Path> folders;

  private FetchedModels(@Nullable SourceCache cache, List<Path> folders) {
    this.cache = cache;
    this.folders = List.copyOf(folders);
  }

  /**
   * Fetches what is not there.
   *
   * @throws IllegalStateException if one of them cannot be had, with the reason
   */
  public static FetchedModels of(
      List<Source> sources, Path cacheFolder, long maxBytes, S3Access s3) {
    if (sources.isEmpty()) {
      return new FetchedModels(null, List.of());
    }
    try {
      SourceCache cache = new SourceCache(cacheFolder, maxBytes, s3);
      List<Path> folders = new ArrayList<>();
      for (Source source : sources) {
        folders.add(cache.folder(source));
      }
      return new FetchedModels(cache, folders);
    } catch (IOException failure) {
      throw new IllegalStateException("a source cannot be had: " + failure.getMessage(), failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while sources were fetched", interrupted);
    }
  }

  /** Folders of models, in the order of the sources. */
  public List<Path> folders() {
    return folders;
  }

  @Override
  public void close() throws IOException {
    if (cache != null) {
      cache.close();
    }
  }
}
