package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.contract.fleet.MetadataKeys;
import io.onnxfleet.contract.fleet.ModelDigest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then at what other replicas found out about models: what one of them no longer
 * merges, none does. Thread-safe.
 */
final class SharedFindings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SharedFindings.class);

  private final Supplier<List<String>> entries;
  private final Consumer<String> stopMerging;
  private final ScheduledExecutorService looking =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("shared-findings").daemon().factory());

  /**
   * Does not look yet.
   *
   * @param entries what replicas say in {@link MetadataKeys#UNMERGEABLE}
   * @param stopMerging is told each digest, again and again
   */
  SharedFindings(Supplier<List<String>> entries, Consumer<String> stopMerging) {
    this.entries = entries;
    this.stopMerging = stopMerging;
  }

  void start(Duration interval) {
    var _ =
        looking.scheduleWithFixedDelay(
            this::look, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  void look() {
    try {
      for (String entry : entries.get()) {
        ModelDigest.read(entry).forEach(found -> stopMerging.accept(found.digest()));
      }
    } catch (RuntimeException failure) {
      log.warn("what other replicas found out is not known: {}", failure.toString());
    }
  }

  @Override
  public void close() {
    looking.shutdownNow();
  }
}
