package io.onnxfleet.launcher.process;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A process that another one may have started: trusted only while it bears its mark. */
public record MarkedProcess(String name, long pid, Mark mark) {
  private static final Duration POLL = Duration.ofMillis(50);

  /** After KILL a process is gone at once, unless the system cannot end it. */
  private static final Duration LONGEST_DEATH = Duration.ofSeconds(5);

  public boolean isAlive() {
    return mark.isBorneBy(pid);
  }

  /** Asks it to end. */
  public void terminate() {
    if (isAlive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
    }
  }

  private void kill() {
    if (isAlive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  /**
   * TERM to all, one bounded wait for all, then KILL.
   *
   * @param killed hears of those that did not end in time
   */
  public static void stop(
      List<MarkedProcess> processes, Time time, Duration limit, Consumer<MarkedProcess> killed)
      throws InterruptedException {
    processes.forEach(MarkedProcess::terminate);
    for (MarkedProcess left : alive(processes, time, limit)) {
      killed.accept(left);
      left.kill();
    }
    alive(processes, time, LONGEST_DEATH);
  }

  private static List<MarkedProcess> alive(List<MarkedProcess> processes, Time time, Duration limit)
      throws InterruptedException {
    long end = time.nanos() + limit.toNanos();
    List<MarkedProcess> left = processes.stream().filter(MarkedProcess::isAlive).toList();
    while (!left.isEmpty() && time.nanos() - end < 0) {
      time.sleep(POLL);
      left = left.stream().filter(MarkedProcess::isAlive).toList();
    }
    return left;
  }
}
