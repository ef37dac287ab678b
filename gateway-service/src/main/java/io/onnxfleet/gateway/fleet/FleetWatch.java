package io.onnxfleet.gateway.fleet;

import io.onnxfleet.gateway.network.Networks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.SmartLifecycle;

/**
 * Keeps the current {@link Fleet}: looks at the registry client's copy at a fixed interval on a
 * thread of its own, so that no request waits for the registry.
 *
 * <p>When the registry client fails, the last fleet stays. A replica that is no longer listed stays
 * vanished for the grace time, or until it is known to have {@linkplain #gone gone}. Of one replica
 * an older view never follows a newer one, whether the registry showed it or the replica
 * {@linkplain #told told} it itself. What is registered outside of the fleet's networks, or in
 * plain text where the fleet speaks TLS, is left out.
 *
 * <p>{@link #current()} may be called from any thread; listeners run on the watching thread.
 */
public final class FleetWatch implements SmartLifecycle {

  private static final Logger LOGGER = LoggerFactory.getLogger(FleetWatch.class);

  private static final long VANISHED_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Of which the log tells; bounded, since whoever can register can register many. */
  private static final int MOST_STRANGERS = 100;

  private final DiscoveryClient registry;
  private final FleetProperties properties;
  private final Networks networks;
  private final boolean tls;
  private final LongSupplier nanoClock;
  private final List<Consumer<Fleet>> listeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> lookListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Replica>> vanishedListeners = new CopyOnWriteArrayList<>();
  private final Map<String, Long> vanishedSince = new HashMap<>();
  private final Map<String, Long> vanishedToldAt = new HashMap<>();
  private final QuarantineNotes quarantine = new QuarantineNotes();
  private volatile Fleet current = Fleet.EMPTY;
  private final Set<String> strangers = new HashSet<>();
  private boolean registryFailing;
  private volatile @Nullable ScheduledExecutorService executor;

  /**
   * Has looked at nothing yet.
   *
   * @param tls whether replicas must speak it
   */
  public FleetWatch(
      DiscoveryClient registry, FleetProperties properties, boolean tls, LongSupplier nanoClock) {
    this.registry = registry;
    this.tls = tls;
    this.properties = properties;
    this.networks = properties.replicaNetworks();
    this.nanoClock = nanoClock;
  }

  /** The fleet as it was seen last. Never blocks. */
  public Fleet current() {
    return current;
  }

  /** Calls the listener after every change of the fleet. */
  public void onChange(Consumer<Fleet> listener) {
    listeners.add(listener);
  }

  /** Calls the listener after every look, on the watching thread. */
  public void onLook(Runnable listener) {
    lookListeners.add(listener);
  }

  /**
   * Calls the listener with each replica that is no longer listed, at once and then every second
   * for as long as it counts as vanished.
   */
  public void onVanished(Consumer<Replica> listener) {
    vanishedListeners.add(listener);
  }

  /**
   * The replica has ended, or says that it does: it is asked for nothing any more, unless the
   * registry lists it.
   */
  public synchronized void gone(Replica replica) {
    Fleet last = current;
    List<Replica> vanished =
        last.vanished().stream()
            .filter(known -> !known.process().equals(replica.process()))
            .toList();
    publish(last.registered(), vanished);
  }

  @Override
  @SuppressWarnings(
      "FutureReturnValueIgnored") // refresh() throws nothing that the future could hold.
  public void start() {
    refresh();
    ScheduledExecutorService watching =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("fleet-watch").daemon().factory());
    long interval = properties.refreshInterval().toMillis();
    watching.scheduleWithFixedDelay(this::refresh, interval, interval, TimeUnit.MILLISECONDS);
    executor = watching;
  }

  @Override
  public void stop() {
    ScheduledExecutorService watching = executor;
    executor = null;
    if (watching != null) {
      watching.shutdownNow();
    }
  }

  @Override
  public boolean isRunning() {
    return executor != null;
  }

  /** Before the web server, so that its first request finds a fleet. */
  @Override
  public int getPhase() {
    return 0;
  }

  /** Looks at the registry now. The interval calls this by itself. */
  public synchronized void refresh() {
    try {
      List<ServiceInstance> listed = registry.getInstances(properties.serviceName());
      if (registryFailing) {
        registryFailing = false;
        LOGGER.info("the registry answers again");
      }
      next(listed);
    } catch (RuntimeException failure) {
      if (!registryFailing) {
        registryFailing = true;
        LOGGER.warn("the registry cannot be read, the last known replicas stay", failure);
      }
    }
    lookListeners.forEach(Runnable::run);
  }

  /** Looks at the registry a moment later, because it may have changed. Never blocks. */
  public void lookSoon() {
    ScheduledExecutorService watching = executor;
    if (watching != null) {
      try {
        watching.execute(this::refresh);
      } catch (RejectedExecutionException stopped) {
        LOGGER.debug("the registry is not looked at any more", stopped);
      }
    }
  }

  /**
   * A replica said what it serves, before the registry does.
   *
   * @param metadata what it tells the registry
   */
  public synchronized void told(String id, Map<String, String> metadata) {
    Fleet last = current;
    publish(telling(last.registered(), id, metadata), telling(last.vanished(), id, metadata));
  }

  /**
   * An administrator had the model loaded on every replica: only what a replica tells from now on
   * is in quarantine, not what one told that is away.
   */
  public synchronized void lift(String model) {
    quarantine.lift(model);
    publish(current.registered(), current.vanished());
  }

  private static List<Replica> telling(
      List<Replica> replicas, String id, Map<String, String> metadata) {
    return replicas.stream()
        .map(known -> known.id().equals(id) ? newer(known, known.telling(metadata)) : known)
        .toList();
  }

  /** The view that came last, unless it is the older one. */
  private static Replica newer(Replica known, Replica seen) {
    return seen.isOlderThan(known) ? known : seen;
  }

  private void publish(List<Replica> registered, List<Replica> vanished) {
    Fleet last = current;
    Set<ModelContent> quarantined = quarantine.of(registered, vanished, nanoClock.getAsLong());
    boolean sameReplicas = last.registered().equals(registered) && last.vanished().equals(vanished);
    if (sameReplicas && last.quarantined().equals(quarantined)) {
      return;
    }
    Fleet next = new Fleet(registered, vanished, quarantined);
    current = next;
    if (!sameReplicas) {
      LOGGER.info("replicas: {} registered, {} vanished", registered, vanished);
    }
    if (!last.quarantined().equals(quarantined)) {
      LOGGER.warn("in quarantine, run nowhere: {} (before: {})", quarantined, last.quarantined());
    }
    for (Consumer<Fleet> listener : listeners) {
      listener.accept(next);
    }
  }

  /** Once of each: the registry lists it at each look. */
  private void tellStranger(Replica replica) {
    if (strangers.size() < MOST_STRANGERS && strangers.add(replica.baseUri())) {
      LOGGER.warn(
          "{} is asked nothing (expected: an address in fleet.gateway.registry.networks, {}{})",
          replica,
          networks,
          tls ? ", and TLS" : "");
    }
  }

  private void next(List<ServiceInstance> listed) {
    Map<String, Replica> before = new LinkedHashMap<>();
    current.vanished().forEach(replica -> before.put(replica.id(), replica));
    current.registered().forEach(replica -> before.put(replica.id(), replica));

    // The registry's client shuffles what it lists: by id, so that order alone is no change.
    Map<String, Replica> registered = new TreeMap<>();
    for (ServiceInstance instance : listed) {
      Replica replica = Replica.of(instance);
      if (!networks.contains(replica.getHost()) || (tls && !replica.isSecure())) {
        tellStranger(replica);
        continue;
      }
      Replica known = before.get(replica.id());
      // The same object while nothing changed: snapshots compare fast and keep no garbage alive.
      registered.put(
          replica.id(),
          known == null ? replica : known.describes(instance) ? known : newer(known, replica));
    }

    long now = nanoClock.getAsLong();
    vanishedSince.keySet().retainAll(before.keySet());
    vanishedSince.keySet().removeAll(registered.keySet());
    vanishedToldAt.keySet().retainAll(vanishedSince.keySet());
    List<Replica> vanished = new ArrayList<>();
    for (Replica replica : before.values()) {
      if (registered.containsKey(replica.id())) {
        continue;
      }
      long since = vanishedSince.computeIfAbsent(replica.id(), id -> now);
      if (now - since < properties.vanishedGrace().toNanos()) {
        vanished.add(replica);
      } else {
        vanishedSince.remove(replica.id());
      }
    }
    publish(List.copyOf(registered.values()), List.copyOf(vanished));
    for (Replica replica : vanished) {
      Long toldAt = vanishedToldAt.get(replica.id());
      if (toldAt == null || now - toldAt >= VANISHED_INTERVAL_NANOS) {
        vanishedToldAt.put(replica.id(), now);
        vanishedListeners.forEach(listener -> listener.accept(replica));
      }
    }
  }
}
