package io.onnxfleet.engine.loading;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ModelFiles;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Loads no version whose weights would not fit beside those that are loaded.
 *
 * <p>A version counts by the size of its files, once for each copy that its sessions make of them,
 * from before it loads until it is closed: while a version takes another one's place, both count.
 * Tensors count elsewhere. Thread-safe; the bound holds at every moment.
 */
public final class BudgetedVersionLoader implements VersionLoader {
  private static final long MIB = 1 << 20;

  private final VersionLoader loader;
  private final long budget;
  private final ToIntFunction<ModelFolder> copies;

  private volatile Predicate<String> roomMaker = model -> false;

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
  public BudgetedVersionLoader(
      VersionLoader loader, long budget, ToIntFunction<ModelFolder> copies) {
    this.loader = loader;
    this.budget = budget;
    this.copies = copies;
  }

  /**
   * Has others leave where a model does not fit.
   *
   * @param maker has one leave for the model named; false if none may
   */
  void roomMaker(Predicate<String> maker) {
    roomMaker = maker;
  }

  /**
   * Loads a version if it fits.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} and the figures if it does
   *     not
   */
  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    long size =
        version.problem() == null ? copies.applyAsInt(folder) * ModelFiles.byteSize(version) : 0;
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
    long size = copies.applyAsInt(folder) * ModelFiles.byteSize(version);
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

  private void reserve(ModelVersionId id, long size) {
    boolean reserved = tryReserve(size);
    while (!reserved) {
      if (size > budget || !roomMaker.test(id.model())) {
        throw noRoom(id, size);
      }
      reserved = tryReserve(size);
    }
  }

  private synchronized boolean tryReserve(long size) {
    boolean fits = size <= budget - used;
    used += fits ? size : 0;
    return fits;
  }

  private synchronized InferenceException noRoom(ModelVersionId id, long size) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "%s: %d MiB of weights (expected: <= %d MiB, what is left of the memory budget of %d MiB)"
            .formatted(id, Math.ceilDiv(size, MIB), (budget - used) / MIB, budget / MIB));
  }

  private synchronized void giveBack(long size) {
    used -= size;
  }

  @Override
  public void close() {
    loader.close();
  }
}
