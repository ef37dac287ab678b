package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetLock;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.process.Await;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change of the fleet by one command, which holds the lock for as long. Whatever ends it early, a
 * signal among it, leaves none of the processes behind that it started. Thread-safe: a signal comes
 * on a thread of its own.
 */
final class Change {
  private static final Duration LONGEST_SUPERVISOR = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(50);

  private final Fleet fleet;
  private final FleetLock lock;
  private final Console console;
  private final List<Service> started = new ArrayList<>();
  private final Thread atExit = new Thread(this::endEarly);
  private boolean isOver;
  private volatile boolean isEnding;

  private Change(Fleet fleet, FleetLock lock, Console console) {
    this.fleet = fleet;
    this.lock = lock;
    this.console = console;
  }

  /** The work of a command. */
  interface Work {
    int run(Change change) throws IOException, InterruptedException;
  }

  /**
   * Does it alone. What goes wrong is told before what was started is ended.
   *
   * @return the command's exit code
   */
  static int make(Fleet fleet, Console console, Time time, Work work)
      throws IOException, InterruptedException {
    fleet.prepare();
    Change change = new Change(fleet, lock(fleet, time), console);
    try {
      Runtime.getRuntime().addShutdownHook(change.atExit);
      return work.run(change);
    } catch (IOException | IllegalArgumentException failed) {
      if (!change.isEnding) {
        console.complain(Launcher.message(failed));
      }
      return 1;
    } finally {
      change.finish();
    }
  }

  /** The supervisor has it for moments only, another command for as long as it likes. */
  private static FleetLock lock(Fleet fleet, Time time) throws IOException, InterruptedException {
    Held held = new Held();
    new Await(time, LONGEST_SUPERVISOR, POLL, "see ./fleet logs supervisor")
        .until(
            "the supervisor is done",
            () ->
                switch (FleetLock.attempt(fleet.folder())) {
                  case FleetLock.Held(FleetLock lock) -> {
                    held.lock = lock;
                    yield true;
                  }
                  case FleetLock.Taken(long holder) -> {
                    if (!fleet.isSupervisor(holder)) {
                      throw new IOException(
                          "another ./fleet (pid %d) is at work here".formatted(holder));
                    }
                    yield false;
                  }
                });
    FleetLock lock = held.lock;
    if (lock == null) {
      throw new IllegalStateException("no lock");
    }
    return lock;
  }

  private static final class Held {
    @Nullable FleetLock lock;
  }

  synchronized void start(Service service, int port, FleetSettings settings) throws IOException {
    if (isOver) {
      throw new IOException("the command ends");
    }
    fleet.start(service, port, settings);
    started.add(service);
  }

  synchronized boolean startedAny() {
    return !started.isEmpty();
  }

  /** What was started stays. */
  synchronized void keep() {
    started.clear();
  }

  private void endEarly() {
    isEnding = true;
    try {
      end();
    } catch (IOException | InterruptedException failed) {
      console.complain(failed.toString());
    }
  }

  private synchronized void end() throws IOException, InterruptedException {
    if (isOver) {
      return;
    }
    isOver = true;
    try {
      if (!started.isEmpty()) {
        fleet.stop(started, service -> console.say(notStopped(fleet, service)));
        if (fleet.services().isEmpty()) {
          fleet.forget();
        }
      }
    } finally {
      lock.close();
    }
  }

  static String notStopped(Fleet fleet, Service service) {
    return "%s did not stop within %d s and is killed"
        .formatted(service, fleet.environment().stopTimeout().toSeconds());
  }

  private void finish() throws IOException, InterruptedException {
    end();
    if (!isEnding) {
      try {
        Runtime.getRuntime().removeShutdownHook(atExit);
      } catch (IllegalStateException ending) {
        isEnding = true;
      }
    }
  }
}
