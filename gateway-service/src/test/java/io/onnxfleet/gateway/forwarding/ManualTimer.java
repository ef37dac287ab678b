package io.onnxfleet.gateway.forwarding;

import io.netty.util.Timeout;
import io.netty.util.Timer;
import io.netty.util.TimerTask;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A clock and a timer that go on when they are told to. */
final class ManualTimer implements Timer {

  private final List<Due> waiting = new ArrayList<>();
  private long now;

  long now() {
    return now;
  }

  int waiting() {
    return waiting.size();
  }

  /** Runs what is due by then, each at its time. */
  void advance(long nanos) throws Exception {
    long until = now + nanos;
    while (true) {
      Due next =
          waiting.stream()
              .filter(due -> due.at <= until)
              .min(Comparator.comparingLong(due -> due.at))
              .orElse(null);
      if (next == null) {
        now = until;
        return;
      }
      waiting.remove(next);
      now = Math.max(now, next.at);
      next.task.run(next);
    }
  }

  @Override
  public Timeout newTimeout(TimerTask task, long delay, TimeUnit unit) {
    Due due = new Due(task, now + unit.toNanos(delay));
    waiting.add(due);
    return due;
  }

  @Override
  public Set<Timeout> stop() {
    return Set.of();
  }

  private final class Due implements Timeout {

    private final TimerTask task;
    private final long at;
    private boolean cancelled;

    Due(TimerTask task, long at) {
      this.task = task;
      this.at = at;
    }

    @Override
    public Timer timer() {
      return ManualTimer.this;
    }

    @Override
    public TimerTask task() {
      return task;
    }

    @Override
    public boolean isExpired() {
      return !cancelled && !waiting.contains(this);
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public boolean cancel() {
      cancelled = waiting.remove(this);
      return cancelled;
    }
  }
}
