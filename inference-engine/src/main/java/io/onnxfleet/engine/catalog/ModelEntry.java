package io.onnxfleet.engine.catalog;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.repository.ModelStamp;
import io.onnxfleet.engine.textsettings.TextFolder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One model of the catalog: which of its versions are READY, and why the others are not.
 * Thread-safe.
 */
final class ModelEntry {
  private static final String NOT_LOADED = "not loaded";
  private static final String UNLOADED = "unloaded";

  private final String name;

  @GuardedBy("this")
  private final TreeMap<Long, Status> versions = new TreeMap<>();

  @GuardedBy("this")
  private @Nullable String problem;

  ModelEntry(String name) {
    this.name = name;
  }

  /**
   * How a version stands.
   *
   * @param loaded takes requests; also while it is loaded anew, and after that failed
   * @param stamp what its files were when it was loaded
   * @param forGood true if it cannot be loaded as it lies, now or later
   */
  private record Status(
      ModelState state,
      String reason,
      @Nullable LoadedVersion loaded,
      @Nullable ModelStamp stamp,
      boolean forGood) {

    Status(
        ModelState state,
        String reason,
        @Nullable LoadedVersion loaded,
        @Nullable ModelStamp stamp) {
      this(state, reason, loaded, stamp, false);
    }

    /** What is loaded anew takes requests meanwhile: to others it is READY. */
    ModelState told() {
      return loaded == null ? state : ModelState.READY;
    }
  }

  synchronized void problem(@Nullable String reason) {
    problem = reason;
  }

  /** A version that may be loaded, unless more is known of it. */
  synchronized void listed(long version) {
    versions.putIfAbsent(version, new Status(ModelState.UNAVAILABLE, NOT_LOADED, null, null));
  }

  /** True if a version is not READY, and nothing is known that speaks against loading it. */
  synchronized boolean mayLoad(long version) {
    Status status = versions.get(version);
    return status != null
        && switch (status.told()) {
          case READY -> false;
          case LOADING, UNLOADING -> true;
          case UNAVAILABLE ->
              status.reason().equals(NOT_LOADED) || status.reason().equals(UNLOADED);
        };
  }

  /** True if a version is known, takes no requests and is not being changed. */
  synchronized boolean isUnavailable(long version) {
    Status status = versions.get(version);
    return status != null && status.state() == ModelState.UNAVAILABLE;
  }

  synchronized void loading(long version) {
    versions.compute(
        version,
        (key, before) ->
            new Status(ModelState.LOADING, "loading", loadedOf(before), stampOf(before)));
  }

  /** Says what is done of a load that is under way. */
  synchronized void progress(long version, String step) {
    versions.computeIfPresent(
        version,
        (key, before) ->
            before.state() == ModelState.LOADING
                ? new Status(
                    ModelState.LOADING, "loading: " + step, before.loaded(), before.stamp())
                : before);
  }

  /** The version takes requests from now on; returns the one whose place it took, if any. */
  synchronized @Nullable LoadedVersion ready(LoadedVersion loaded, ModelStamp stamp) {
    Status before =
        versions.put(loaded.id().version(), new Status(ModelState.READY, "", loaded, stamp));
    return loadedOf(before);
  }

  /** The version as it takes requests, if it does. */
  synchronized @Nullable LoadedVersion loaded(long version) {
    return loadedOf(versions.get(version));
  }

  /** What the version's files were when it was loaded, if it is. */
  synchronized @Nullable ModelStamp stamp(long version) {
    return stampOf(versions.get(version));
  }

  /**
   * The version could not be loaded; one that was loaded before goes on.
   *
   * @param forGood true if that will not change by itself
   */
  synchronized void failed(long version, String reason, boolean forGood) {
    versions.compute(
        version,
        (key, before) -> {
          LoadedVersion still = loadedOf(before);
          return still == null
              ? new Status(ModelState.UNAVAILABLE, reason, null, null, forGood)
              : new Status(ModelState.READY, "not reloaded: " + reason, still, stampOf(before));
        });
  }

  /** Nothing of the model can be loaded as it lies; what was loaded before goes on. */
  synchronized void failed(String reason) {
    for (LoadedVersion still : readyVersions()) {
      failed(still.id().version(), reason, true);
    }
  }

  /** The version takes no more requests; returns what is to be drained, if it was loaded. */
  synchronized @Nullable LoadedVersion unloading(long version) {
    return loadedOf(
        versions.put(version, new Status(ModelState.UNLOADING, "unloading", null, null)));
  }

  synchronized void unloaded(long version) {
    versions.put(version, new Status(ModelState.UNAVAILABLE, UNLOADED, null, null));
  }

  /** The versions that take requests, ascending. */
  synchronized List<LoadedVersion> readyVersions() {
    List<LoadedVersion> ready = new ArrayList<>();
    for (Status status : versions.values()) {
      LoadedVersion loaded = status.loaded();
      if (loaded != null) {
        ready.add(loaded);
      }
    }
    return ready;
  }

  /** Versions that were ever seen, for unloading and the like. */
  synchronized Collection<Long> knownVersions() {
    return List.copyOf(versions.keySet());
  }

  /**
   * The version asked for, or the highest that takes requests.
   *
   * @throws InferenceException if it is not known or takes none
   */
  LoadedVersion require(@Nullable Long version) {
    if (version == null) {
      List<LoadedVersion> ready = readyVersions();
      if (ready.isEmpty()) {
        throw refusal();
      }
      return ready.getLast();
    }
    return requireVersion(version);
  }

  private synchronized InferenceException refusal() {
    return new InferenceException(
        cannotServe() ? ErrorCode.MODEL_CANNOT_SERVE : ErrorCode.MODEL_NOT_READY,
        "model '%s' is not ready: %s".formatted(name, reason()));
  }

  /** True if no version takes requests, and none will before somebody changes the model. */
  synchronized boolean cannotServe() {
    boolean hopeless = problem != null;
    for (Status status : versions.values()) {
      if (status.loaded() != null || status.state() == ModelState.LOADING) {
        return false;
      }
      if (!status.forGood() && problem == null) {
        return false;
      }
      hopeless = true;
    }
    return hopeless;
  }

  private synchronized LoadedVersion requireVersion(long version) {
    Status status = versions.get(version);
    if (status == null) {
      throw new InferenceException(
          ErrorCode.MODEL_NOT_FOUND,
          "model '%s' has no version %d (expected one of %s)"
              .formatted(name, version, versions.keySet()));
    }
    LoadedVersion loaded = status.loaded();
    if (loaded == null) {
      throw new InferenceException(
          status.forGood() ? ErrorCode.MODEL_CANNOT_SERVE : ErrorCode.MODEL_NOT_READY,
          "version %d of model '%s' is not ready: %s".formatted(version, name, status.reason()));
    }
    return loaded;
  }

  synchronized List<ModelIndexEntry> index() {
    List<ModelIndexEntry> lines = new ArrayList<>();
    for (Map.Entry<Long, Status> version : versions.entrySet()) {
      Status status = version.getValue();
      lines.add(new ModelIndexEntry(name, version.getKey(), status.told(), reasonOf(status)));
    }
    if (lines.isEmpty()) {
      lines.add(new ModelIndexEntry(name, null, ModelState.UNAVAILABLE, reason()));
    }
    return lines;
  }

  /**
   * Why it is not READY; of one that serves, how its rows are run, unless they are independent, and
   * what its use of texts rests on, unless its folder says it.
   */
  private static String reasonOf(Status status) {
    LoadedVersion loaded = status.loaded();
    if (loaded == null) {
      return status.reason();
    }
    List<String> reasons = new ArrayList<>();
    if (!status.reason().isEmpty()) {
      reasons.add(status.reason());
    }
    RowTerms terms = loaded.group().rowTerms();
    if (!terms.isIndependent()) {
      reasons.add(terms.reason());
    }
    reasons.addAll(TextFolder.notes(loaded.config().parameters()));
    return String.join("; ", reasons);
  }

  private synchronized String reason() {
    if (problem != null) {
      return problem;
    }
    return versions.isEmpty() ? NOT_LOADED : versions.lastEntry().getValue().reason();
  }

  private static @Nullable ModelStamp stampOf(@Nullable Status status) {
    return status == null ? null : status.stamp();
  }

  private static @Nullable LoadedVersion loadedOf(@Nullable Status status) {
    return status == null ? null : status.loaded();
  }
}
