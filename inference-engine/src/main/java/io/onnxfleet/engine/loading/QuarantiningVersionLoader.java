package io.onnxfleet.engine.loading;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.request.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does not try again what has failed some times in a row, until its files change or some time has
 * passed. Failures of requests count for nothing: callers could cause them. Thread-safe; remembers
 * one line a version that fails.
 */
final class QuarantiningVersionLoader implements VersionLoader {
  static final int FAILURES = 3;
  static final Duration LENGTH = Duration.ofMinutes(10);

  private static final Logger log = LoggerFactory.getLogger(QuarantiningVersionLoader.class);

  private final VersionLoader loader;
  private final Ticker ticker;

  @GuardedBy("this")
  private final Map<ModelVersionId, Failures> failing = new HashMap<>();

  private record Failures(ContentDigest content, int count, String reason, long last) {}

  QuarantiningVersionLoader(VersionLoader loader, Ticker ticker) {
    this.loader = loader;
    this.ticker = ticker;
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    if (version.problem() != null) {
      return loader.load(folder, version, progress);
    }
    ContentDigest content = folder.contentOf(version);
    requireNotFailing(id, content);
    try {
      LoadedVersion loaded = loader.load(folder, version, progress);
      forget(id);
      return loaded;
    } catch (InferenceException failure) {
      // What may be tried again says when; it holds nothing against the model.
      if (failure.retryAfter() == null) {
        failed(id, content, String.valueOf(failure.getMessage()));
      }
      throw failure;
    }
  }

  private synchronized void requireNotFailing(ModelVersionId id, ContentDigest content) {
    Failures before = failing.get(id);
    if (before == null) {
      return;
    }
    long left = LENGTH.toNanos() - (ticker.nanoTime() - before.last());
    if (!before.content().equals(content) || left <= 0) {
      failing.remove(id);
    } else if (before.count() >= FAILURES) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "it failed %d times in a row and is not tried for %d s more, or until its files change: %s"
              .formatted(before.count(), Duration.ofNanos(left).toSeconds(), before.reason()));
    }
  }

  private synchronized void failed(ModelVersionId id, ContentDigest content, String reason) {
    Failures before = failing.get(id);
    int count = before == null ? 1 : before.count() + 1;
    failing.put(id, new Failures(content, count, reason, ticker.nanoTime()));
    if (count == FAILURES) {
      log.warn("{} failed {} times in a row and is left alone for a while: {}", id, count, reason);
    }
  }

  private synchronized void forget(ModelVersionId id) {
    failing.remove(id);
  }

  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    return loader.rearrange(loaded, folder, version);
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
