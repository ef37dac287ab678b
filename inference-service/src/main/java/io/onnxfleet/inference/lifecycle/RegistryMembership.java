package io.onnxfleet.inference.lifecycle;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import com.netflix.discovery.EurekaClient;
import com.netflix.discovery.shared.Application;
import io.onnxfleet.inference.inside.RegistryRequests;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.netflix.eureka.EurekaInstanceConfigBean;

/**
 * This replica's place in the registry. The registry does not hear of it before {@link #join}, and
 * never again after {@link #leave}. Thread-safe.
 */
final class RegistryMembership {
  private static final Logger log = LoggerFactory.getLogger(RegistryMembership.class);

  private enum State {
    OUTSIDE,
    MEMBER,
    LEFT
  }

  private final EurekaInstanceConfigBean instance;
  private final ObjectProvider<PromptInstance> info;
  private final ObjectProvider<EurekaClient> client;
  private final RegistryRequests requests;
  private final boolean tls;

  @GuardedBy("this")
  private State state = State.OUTSIDE;

  /**
   * A place not yet taken.
   *
   * @param client connects when it is made, so that it is made by joining
   * @param requests sees what the client sends
   * @param tls whether this replica speaks the fleet's
   */
  RegistryMembership(
      EurekaInstanceConfigBean instance,
      ObjectProvider<PromptInstance> info,
      ObjectProvider<EurekaClient> client,
      RegistryRequests requests,
      boolean tls) {
    this.instance = instance;
    this.info = info;
    this.client = client;
    this.requests = requests;
    this.tls = tls;
  }

  synchronized boolean isMember() {
    return state == State.MEMBER;
  }

  /** Whether the registry ever took this replica in; one that went away since changes nothing. */
  boolean isTaken() {
    return requests.isTaken();
  }

  /** Why it was not taken in when it last tried; empty if it never failed. */
  String lastRefusal() {
    return requests.lastRefusal();
  }

  /** Registers as UP, reachable at that port. */
  synchronized void join(int port, Map<String, String> metadata) {
    if (state != State.OUTSIDE) {
      return;
    }
    log.info("joining the registry: {}", metadata);
    if (tls) {
      instance.setSecurePort(port);
      instance.setSecurePortEnabled(true);
      instance.setNonSecurePortEnabled(false);
    } else {
      instance.setNonSecurePort(port);
    }
    PromptInstance self = info.getObject();
    self.tell(metadata);
    self.setInstanceStatus(InstanceStatus.UP);
    // The bean may be a proxy of a client that is made at the first call.
    var _ = client.getObject().getApplications();
    state = State.MEMBER;
  }

  /** Tells what a member serves from now on. */
  synchronized void update(Map<String, String> metadata) {
    if (state == State.MEMBER) {
      log.debug("telling the registry: {}", metadata);
      info.getObject().tell(metadata);
    }
  }

  /** What all replicas say of an entry, as the registry knew it lately; empty before joining. */
  List<String> entries(String name) {
    synchronized (this) {
      if (state != State.MEMBER) {
        return List.of();
      }
    }
    Application replicas = client.getObject().getApplication(instance.getAppname());
    return replicas == null
        ? List.of()
        : replicas.getInstances().stream()
            .map(replica -> replica.getMetadata().getOrDefault(name, ""))
            .filter(entry -> !entry.isEmpty())
            .toList();
  }

  /** Takes a member out of the registry; returns once the registry knows, or cannot be told. */
  synchronized void leave() {
    if (state == State.MEMBER) {
      log.info("leaving the registry");
      client.getObject().shutdown();
    }
    state = State.LEFT;
  }
}
