package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.inference.configuration.InferenceProperties;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
  private final Announcer announcer;
  private final InferenceProperties properties;
  private volatile boolean running;

  ReplicaLifecycle(
      InferenceEngine engine,
      InitialLoad initialLoad,
      Admission admission,
      Optional<RegistryMembership> registry,
      Announcer announcer,
      InferenceProperties properties) {
    this.engine = engine;
    this.initialLoad = initialLoad;
    this.admission = admission;
    this.registry = registry;
    this.announcer = announcer;
    this.properties = properties;
  }

  /** Above the web server's phases: started after it, stopped before it. */
  @Override
  public int getPhase() {
    return DEFAULT_PHASE;
  }

  @Override
  public void start() {
    running = true;
    engine.onChange(announcer::changed);
    var _ = initialLoad.done().whenComplete((done, failure) -> announcer.changed());
  }

  @Override
  public void stop() {
    running = false;
    announcer.close();
    registry.ifPresent(RegistryMembership::leave);
    admission.shut();
    // Also without a registry: gateways that find replicas by DNS still come.
    long noticeEnds = System.nanoTime() + properties.departureNotice().toNanos();
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

  @Override
  public boolean isRunning() {
    return running;
  }
}
