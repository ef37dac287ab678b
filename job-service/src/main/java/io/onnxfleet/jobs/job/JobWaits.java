package io.onnxfleet.jobs.job;

import io.onnxfleet.jobs.quota.OwnerShares;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who wait for the end of a job, without a thread each. They are told at once of jobs that
 * end in this process, and when it {@link #look looks} of those that end in another one.
 * Thread-safe.
 *
 * <p>Bounded: whoever comes when too many wait, or too many of one owner, does not wait. Nobody is
 * told that a client has gone away before it is answered, so who comes and goes keeps places for as
 * long as it asked for, and only its own share of them.
 */
public final class JobWaits {
  private static final Logger LOGGER = LoggerFactory.getLogger(JobWaits.class);

  private final JobRecords records;
  private final OwnerShares places;
  private final Set<Wait> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean isOver;

  /** One of them; the same as no other. */
  private static final class Wait {
    final String id;
    final CompletableFuture<Void> end = new CompletableFuture<>();

    Wait(String id) {
      this.id = id;
    }
  }

  JobWaits(JobRecords records, int most) {
    this.records = records;
    this.places = new OwnerShares(most);
  }

  /**
   * Done when the job has ended, or after that time; the job says which.
   *
   * @param owner who waits
   */
  public CompletableFuture<Void> await(String id, String owner, Duration time) {
    if (!places.enter(owner)) {
      return CompletableFuture.completedFuture(null);
    }
    Wait wait = new Wait(id);
    waiting.add(wait);
    CompletableFuture<Void> told =
        wait.end.whenComplete(
            (none, failure) -> {
              waiting.remove(wait);
              places.leave(owner);
            });
    wait.end.completeOnTimeout(null, time.toNanos(), TimeUnit.NANOSECONDS);
    boolean hasLooked = false;
    try {
      // What ended before it was put there has told nobody.
      if (isOver || !records.ended(Set.of(id)).isEmpty()) {
        wait.end.complete(null);
      }
      hasLooked = true;
      return told;
    } finally {
      if (!hasLooked) {
        // Nobody waits for it, so it keeps no place.
        wait.end.complete(null);
      }
    }
  }

  /** How many wait now. */
  int count() {
    return waiting.size();
  }

  /** A job has ended. */
  void ended(String id) {
    for (Wait wait : waiting) {
      if (wait.id.equals(id)) {
        wait.end.complete(null);
      }
    }
  }

  /** Finds out which have ended. */
  void look() {
    Set<String> ids = waiting.stream().map(wait -> wait.id).collect(Collectors.toSet());
    if (ids.isEmpty()) {
      return;
    }
    try {
      records.ended(ids).forEach(this::ended);
    } catch (RuntimeException silent) {
      // Whatever it is: what is thrown here ends all looks for good.
      LOGGER.debug("the database does not answer, those who wait go on waiting", silent);
    }
  }

  /** Nobody waits any more, for good. */
  void stop() {
    isOver = true;
    waiting.forEach(wait -> wait.end.complete(null));
  }
}
