package io.onnxfleet.gateway.admission;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** A clock and a scheduler that go on when they are told to. */
final class ManualScheduler implements Scheduler {

  private record Due(Runnable task, long at, Disposable handle) {}

  private final List<Due> waiting = new ArrayList<>();
  private long now = 1_000_000_000L;

  long now() {
    return now;
  }

  void advance(long nanos) {
    now += nanos;
    List<Due> due =
        waiting.stream()
            .filter(each -> each.at <= now)
            .sorted(Comparator.comparingLong(Due::at))
            .toList();
    waiting.removeAll(due);
    due.stream().filter(each -> !each.handle.isDisposed()).forEach(each -> each.task.run());
  }

  @Override
  public Disposable schedule(Runnable task) {
    task.run();
    return Disposables.disposed();
  }

  @Override
  public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
    Due due = new Due(task, now + unit.toNanos(delay), Disposables.single());
    waiting.add(due);
    return due.handle;
  }

  @Override
  public Worker createWorker() {
    return new Worker() {
      @Override
      public Disposable schedule(Runnable task) {
        return ManualScheduler.this.schedule(task);
      }

      @Override
      public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return ManualScheduler.this.schedule(task, delay, unit);
      }

      @Override
      public void dispose() {
        // What was scheduled is disposed of by whoever holds it.
      }
    };
  }
}
