package io.onnxfleet.inference.lifecycle;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.fleet.MetadataKeys;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells others what this replica serves, in order.
 *
 * <ul>
 *   <li>A snapshot is taken and numbered under one lock, and written by one thread: never an older
 *       one after a newer one.
 *   <li>A snapshot that differs from the one before has a higher {@link MetadataKeys#REVISION}, so
 *       that readers can tell them apart too.
 *   <li>After the last change there is always one more look: nothing stays untold. What could not
 *       be written is tried again after a pause.
 * </ul>
 *
 * <p>Thread-safe. Changes that come while one is being written are told together.
 */
public final class Announcer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Announcer.class);

  private final Supplier<Map<String, String>> snapshot;
  private final Writer writer;
  private final Duration pause;
  private final AtomicBoolean due = new AtomicBoolean();
  private final ScheduledExecutorService writing =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("announcer").daemon().factory());

  @GuardedBy("this")
  private Map<String, String> unnumbered = Map.of();

  @GuardedBy("this")
  private Map<String, String> last = Map.of();

  @GuardedBy("this")
  private long revision;

  /** Whom the snapshots are told; called by one thread. */
  interface Writer {
    /** Returns once it is told, or there is nobody to be told yet. */
    void write(Map<String, String> metadata);
  }

  /**
   * Has told nothing yet.
   *
   * @param pause before what failed is tried again
   */
  Announcer(Supplier<Map<String, String>> snapshot, Writer writer, Duration pause) {
    this.snapshot = snapshot;
    this.writer = writer;
    this.pause = pause;
  }

  /** What this replica serves now. Waits for a look that is being taken. */
  public synchronized Map<String, String> look() {
    Map<String, String> now = snapshot.get();
    if (!now.equals(unnumbered)) {
      Map<String, String> numbered = new HashMap<>(now);
      numbered.put(MetadataKeys.REVISION, Long.toString(++revision));
      unnumbered = now;
      last = Map.copyOf(numbered);
    }
    return last;
  }

  /** Something changed: it is looked at, and told, a moment later. */
  void changed() {
    if (!due.getAndSet(true)) {
      try {
        writing.execute(this::tell);
      } catch (RejectedExecutionException closed) {
        log.debug("nothing is told any more", closed);
      }
    }
  }

  private void tell() {
    // Before the look: what changes after it makes another one due.
    due.set(false);
    try {
      writer.write(look());
    } catch (RuntimeException failure) {
      log.error("the registry could not be told; another try in {}", pause, failure);
      try {
        var _ = writing.schedule(this::changed, pause.toMillis(), TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException closed) {
        log.debug("nothing is told any more", closed);
      }
    }
  }

  /** Tells nothing from now on; what is being told may still end. */
  @Override
  public void close() {
    writing.shutdownNow();
  }
}
