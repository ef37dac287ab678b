package io.onnxfleet.engine.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Loads no version whose weights would not fit beside those that are loaded.
 *
 * <p>A version counts by the size of its files, once for each copy that its sessions make of them,
 * from before it loads until it is closed: while a version takes another one's place, both count.
 * Tensors count elsewhere. Thread-safe; the bound holds at every moment.
 */
final class BudgetedVersionLoader implements VersionLoader {
  private static final int DEEPEST_FILE = 8;
  private static final long MIB = 1 << 20;

  private final VersionLoader loader;
  private final long budget;
  private final ToIntFunction<ModelFolder> copies;

  @GuardedBy("this")
  private final Map<LoadedVersion, Long> sizes = new HashMap<>();

  @GuardedBy("this")
  private long used;

  /**
   * A loader within a budget.
   *
   * @param budget bytes of all versions together
   * @param copies how often a model's weights are in memory once its sessions are open
   */
  BudgetedVersionLoader(VersionLoader loader, long budget, ToIntFunction<ModelFolder> copies) {
    this.loader = loader;
    this.budget = budget;
    this.copies = copies;
  }

  /**
   * Loads a version if it fits.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} and the figures if it does
   *     not
   */
  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    long size = version.problem() == null ? copies.applyAsInt(folder) * sizeOf(version) : 0;
    reserve(new ModelVersionId(folder.name(), version.number()), size);
    LoadedVersion loaded;
    try {
      loaded = loader.load(folder, version, progress);
    } catch (Throwable failure) {
      giveBack(size);
      throw failure;
    }
    synchronized (this) {
      sizes.put(loaded, size);
    }
    return loaded;
  }

  /** More instances that have copies of their own have to fit as well. */
  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    long size = copies.applyAsInt(folder) * sizeOf(version);
    long before;
    synchronized (this) {
      before = sizes.getOrDefault(loaded, 0L);
    }
    long more = Math.max(0, size - before);
    reserve(loaded.id(), more);
    LoadedVersion rearranged = null;
    try {
      rearranged = loader.rearrange(loaded, folder, version);
    } finally {
      if (rearranged == null) {
        giveBack(more);
      }
    }
    if (rearranged != null) {
      giveBack(Math.max(0, before - size));
      synchronized (this) {
        sizes.remove(loaded);
        sizes.put(rearranged, size);
      }
    }
    return rearranged;
  }

  @Override
  public void closed(LoadedVersion loaded) {
    loader.closed(loaded);
    Long size;
    synchronized (this) {
      size = sizes.remove(loaded);
    }
    if (size != null) {
      giveBack(size);
    }
  }

  private synchronized void reserve(ModelVersionId id, long size) {
    if (size > budget - used) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %d MiB of weights (expected: <= %d MiB, what is left of the memory budget of %d MiB)"
              .formatted(id, Math.ceilDiv(size, MIB), (budget - used) / MIB, budget / MIB));
    }
    used += size;
  }

  private synchronized void giveBack(long size) {
    used -= size;
  }

  private static long sizeOf(Version version) {
    Path folder = version.modelFile().toAbsolutePath().getParent();
    if (folder == null) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(folder, DEEPEST_FILE)) {
      return files.filter(Files::isRegularFile).mapToLong(BudgetedVersionLoader::sizeOf).sum();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static long sizeOf(Path file) {
    try {
      return Files.size(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
