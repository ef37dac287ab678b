package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.inference.configuration.InferenceProperties;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Joins the registry once models are READY, and stops in this order: leave the registry; refuse new
 * requests, saying so, while those accepted finish; and only then let the web server and, last, the
 * sessions go.
 */
final class ReplicaLifecycle implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(ReplicaLifecycle.class);

  private final InferenceEngine engine;
  private final InitialLoad initialLoad;
  private final Admission admission;
  private final Optional<RegistryMembership> registry;
  private final InferenceProperties properties;
  private final WebServerApplicationContext context;
  private volatile boolean running;

  ReplicaLifecycle(
      InferenceEngine engine,
      InitialLoad initialLoad,
      Admission admission,
      Optional<RegistryMembership> registry,
      InferenceProperties properties,
      WebServerApplicationContext context) {
    this.engine = engine;
    this.initialLoad = initialLoad;
    this.admission = admission;
    this.registry = registry;
    this.properties = properties;
    this.context = context;
  }

  /** Above the web server's phases: started after it, stopped before it. */
  @Override
  public int getPhase() {
    return DEFAULT_PHASE;
  }

  @Override
  public void start() {
    running = true;
    registry.ifPresent(
        membership -> {
          engine.onChange(() -> announce(membership));
          var _ = initialLoad.done().whenComplete((done, failure) -> announce(membership));
        });
  }

  // Once a member it stays one, even with nothing READY: it can still be told to load a model.
  private void announce(RegistryMembership membership) {
    Map<String, String> metadata = RegistryMetadata.of(engine, context.getStartupDate());
    try {
      if (membership.isMember()) {
        membership.update(metadata);
      } else if (running && engine.isReady()) {
        membership.join(Objects.requireNonNull(context.getWebServer()).getPort(), metadata);
      }
    } catch (RuntimeException failure) {
      log.error("the registry could not be told {}", metadata, failure);
    }
  }

  @Override
  public void stop() {
    running = false;
    registry.ifPresent(RegistryMembership::leave);
    admission.shut();
    long noticeEnds = System.nanoTime() + notice().toNanos();
    try {
      if (!admission.awaitEmpty(properties.drainTimeout())) {
        log.warn("requests are unfinished after {}; they are given up", properties.drainTimeout());
        engine.close();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return;
    }
    long left = noticeEnds - System.nanoTime();
    while (left > 0 && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(this, left);
      left = noticeEnds - System.nanoTime();
    }
    log.info("drained");
  }

  /** Without a registry there is nobody who would still come. */
  private Duration notice() {
    return registry.isPresent() ? properties.departureNotice() : Duration.ZERO;
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
