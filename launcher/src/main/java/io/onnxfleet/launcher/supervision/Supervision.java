package io.onnxfleet.launcher.supervision;

import io.onnxfleet.launcher.fleet.Service;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a fleet's processes and starts again what died. Guarantees that nothing is started that
 * somebody else stopped or is about to stop: whether a process is dead is judged, and it is started
 * again, only while nobody else changes the fleet. A command that does comes first, and what it
 * took away is no longer among the services. Says a line for each death and each new start. For one
 * thread; a look takes as long as the processes that died lately need to answer.
 */
final class Supervision {
  private final Supervised fleet;
  private final Consumer<String> log;
  private final Map<Service, Watch> watches = new HashMap<>();

  Supervision(Supervised fleet, Consumer<String> log) {
    this.fleet = fleet;
    this.log = log;
  }

  /** What is known of one service. */
  private static final class Watch {
    final Backoff backoff = new Backoff();
    @Nullable Death death;
  }

  /**
   * A death that was noticed.
   *
   * @param due when it is started again, in nanoseconds
   */
  private record Death(long pid, String words, long due) {}

  /**
   * One look.
   *
   * @param now in nanoseconds
   */
  void look(long now) throws IOException, InterruptedException {
    List<Service> services = fleet.services();
    watches.keySet().retainAll(services);
    boolean anyDead = false;
    for (Service service : services) {
      Watch watch = watches.computeIfAbsent(service, each -> new Watch());
      if (!fleet.isAlive(service)) {
        Death death = watch.death;
        anyDead |= death == null || death.pid() != fleet.pid(service) || death.due() - now <= 0;
      } else if (watch.backoff.isRaised()) {
        watch.death = null;
        watch.backoff.see(fleet.isReady(service), now);
      }
    }
    if (anyDead) {
      fleet.alone(() -> attend(now));
    }
  }

  /** What was seen before may have been somebody's work, so it is looked at again. */
  private void attend(long now) throws IOException {
    if (!fleet.isThere()) {
      return;
    }
    for (Service service : fleet.services()) {
      if (!fleet.isAlive(service)) {
        attend(service, watches.computeIfAbsent(service, each -> new Watch()), now);
      }
    }
  }

  private void attend(Service service, Watch watch, long now) throws IOException {
    long pid = fleet.pid(service);
    Death death = watch.death;
    if (death == null || death.pid() != pid) {
      Duration pause = watch.backoff.next();
      death = new Death(pid, fleet.lastWords(service), now + pause.toNanos());
      watch.death = death;
      log.accept(
          "%s (%d) died: %s; it is started again in %d s"
              .formatted(service, pid, death.words(), pause.toSeconds()));
    }
    if (death.due() - now > 0) {
      return;
    }
    try {
      fleet.restart(service, death.words());
      watch.death = null;
      log.accept("%s is started again (%d)".formatted(service, fleet.pid(service)));
    } catch (IOException failed) {
      Duration pause = watch.backoff.next();
      watch.death = new Death(pid, death.words(), now + pause.toNanos());
      log.accept(
          "%s could not be started again: %s; the next try is in %d s"
              .formatted(service, failed.getMessage(), pause.toSeconds()));
    }
  }
}
