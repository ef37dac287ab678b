package io.onnxfleet.gateway.admission;

import com.netflix.concurrency.limits.Limit;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Replicas that batch, in virtual time, behind a real {@link ModelLimiter}: an idle instance takes
 * what is queued, up to the largest batch, and is busy for {@code fixed + rows * perRow}. Requests
 * arrive on their own (Poisson) and do not come back when refused.
 *
 * @param instances in all replicas together
 */
record BatchingBackend(
    String name, int instances, int maxBatch, double fixedMillis, double perRowMillis) {

  /** Requests per second with full batches. */
  double capacity() {
    return instances * maxBatch * 1000.0 / (fixedMillis + maxBatch * perRowMillis);
  }

  /**
   * What came out.
   *
   * @param goodput answers per second over the capacity
   * @param p50Millis of the answered, waiting in the gateway included
   * @param meanBatch rows of an execution
   */
  record Result(double goodput, double p50Millis, double p99Millis, double meanBatch, int limit) {}

  /** Runs at the load, a multiple of the capacity; the first half of the time is not counted. */
  Result run(Limit limit, LimitProperties properties, double load, double seconds, long seed) {
    return run(limit, properties, load, seconds, seed, Duration.ofDays(1));
  }

  /**
   * As above, and an answer counts only within the deadline. The backend works on what is late all
   * the same.
   */
  Result run(
      Limit limit,
      LimitProperties properties,
      double load,
      double seconds,
      long seed,
      Duration deadline) {
    return new Run(limit, properties, load, seconds, seed, deadline.toNanos()).result();
  }

  private static final class Event implements Comparable<Event> {
    final long at;
    final Runnable action;

    Event(long at, Runnable action) {
      this.at = at;
      this.action = action;
    }

    @Override
    public int compareTo(Event other) {
      return Long.compare(at, other.at);
    }
  }

  private final class Run {
    // Limits of the library compare times with 0.
    private long now = 1_000_000_000L;
    private final long counted;
    private final long end;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Queue<Request> backlog = new ArrayDeque<>();
    private final long deadlineNanos;
    private final Random random;
    private final double arrivalsPerNano;
    private final ModelLimiter limiter;
    private final List<Long> latencies = new ArrayList<>();
    private int idle = instances;
    private long answered;
    private long rows;
    private long executions;

    Run(
        Limit limit,
        LimitProperties properties,
        double load,
        double seconds,
        long seed,
        long deadlineNanos) {
      this.deadlineNanos = deadlineNanos;
      this.random = new Random(seed);
      this.arrivalsPerNano = load * capacity() / 1e9;
      this.end = now + (long) (seconds * 1e9);
      this.counted = now + (long) (seconds * 0.5e9);
      this.limiter = new ModelLimiter(limit, properties, () -> now);
      long longest = properties.maxQueueTime().toNanos();
      at(now, () -> arrive(longest));
    }

    private void at(long time, Runnable action) {
      events.add(new Event(time, action));
    }

    Result result() {
      while (!events.isEmpty() && events.peek().at < end) {
        Event event = events.remove();
        now = event.at;
        event.action.run();
      }
      return new Result(
          answered / ((end - counted) / 1e9) / capacity(),
          millis(0.50),
          millis(0.99),
          executions == 0 ? 0 : (double) rows / executions,
          limiter.limit());
    }

    private double millis(double quantile) {
      List<Long> sorted = latencies.stream().sorted().toList();
      return sorted.isEmpty() ? 0 : sorted.get((int) (quantile * (sorted.size() - 1))) / 1e6;
    }

    private void arrive(long longestWait) {
      at(
          now + (long) (-Math.log(1 - random.nextDouble()) / arrivalsPerNano),
          () -> arrive(longestWait));
      Request request = new Request(now);
      switch (limiter.apply(new Applicant("one", 5, now + deadlineNanos), request)) {
        case ModelLimiter.Permit permit -> request.admitted(permit);
        case ModelLimiter.Ticket ticket ->
            at(
                now + longestWait,
                () -> {
                  if (request.permit == null) {
                    ticket.abandon();
                  }
                });
        case ModelLimiter.Refusal _ -> {}
      }
    }

    private void execute() {
      while (idle > 0 && !backlog.isEmpty()) {
        List<Request> batch = new ArrayList<>();
        while (batch.size() < maxBatch && !backlog.isEmpty()) {
          batch.add(backlog.remove());
        }
        idle--;
        double millis = fixedMillis + batch.size() * perRowMillis;
        at(now + (long) (millis * 1e6), () -> finish(batch));
      }
    }

    private void finish(List<Request> batch) {
      idle++;
      if (now >= counted) {
        answered +=
            batch.stream().filter(request -> now - request.arrived <= deadlineNanos).count();
        rows += batch.size();
        executions++;
      }
      for (Request request : batch) {
        request.finish();
      }
      execute();
    }

    private final class Request implements ModelLimiter.Waiter {
      private final long arrived;
      private ModelLimiter.@Nullable Permit permit;

      Request(long arrived) {
        this.arrived = arrived;
      }

      @Override
      public void admitted(ModelLimiter.Permit given) {
        permit = given;
        backlog.add(this);
        execute();
      }

      @Override
      public void refused(ModelLimiter.Refusal refusal) {}

      void finish() {
        if (now >= counted) {
          latencies.add(now - arrived);
        }
        if (permit != null) {
          permit.end(PermitOutcome.ANSWERED);
        }
      }
    }
  }

  static List<BatchingBackend> all() {
    return Arrays.asList(
        new BatchingBackend("CPU, 2 x MiniLM", 2, 32, 3.6, 10),
        new BatchingBackend("accelerator", 1, 64, 10, 0.3),
        new BatchingBackend("tiny model", 4, 32, 2, 0.1),
        new BatchingBackend("slow model", 2, 4, 2000, 500));
  }
}
