package io.onnxfleet.gateway.security.quota;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the subjects of tokens and certificates have used of their quotas. A subject's tokens share
 * one use, as long as they name the same quota: a new token is no new quota.
 *
 * <p>What was used is never forgotten, or a caller with many subjects could begin anew whenever it
 * likes. Bounded all the same: where too many subjects have used something, and none of them is at
 * rest, further ones have to wait. Uses at rest cost nothing but what their callers keep of them.
 *
 * <p>INVARIANT: every use that is not at rest is in {@code used}; its size is at most {@code
 * places}, which is at most {@code mostSubjects}.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class SubjectQuotas {

  /** Looking through all of them is not worth it more often. */
  private static final long SWEEP_NANOS = Duration.ofSeconds(1).toNanos();

  private record Subject(String caller, Quota quota) {}

  private final QuotaShare share;
  private final int mostSubjects;
  private final LongSupplier nanoClock;

  /** All that somebody has, so that a subject never has two. */
  private final Cache<Subject, QuotaUse> known =
      Caffeine.newBuilder().weakValues().executor(Runnable::run).build();

  private final ConcurrentMap<QuotaUse, Boolean> used = new ConcurrentHashMap<>();
  private final AtomicInteger places = new AtomicInteger();
  private final AtomicLong sweptAt;

  /**
   * Knows nobody yet.
   *
   * @param mostSubjects that may have used something of their quotas at a time; 1 or more
   */
  public SubjectQuotas(QuotaShare share, int mostSubjects, LongSupplier nanoClock) {
    this.share = share;
    this.mostSubjects = mostSubjects;
    this.nanoClock = nanoClock;
    this.sweptAt = new AtomicLong(nanoClock.getAsLong() - SWEEP_NANOS);
  }

  /** What the caller has used of the quota; null where that bounds nothing. */
  public @Nullable QuotaUse of(String caller, Quota quota) {
    return quota.isNone()
        ? null
        : known.get(
            new Subject(caller, quota),
            subject -> new QuotaUse(subject.quota(), share, nanoClock.getAsLong(), this::keep));
  }

  /** Called while one of the use's requests is under way; false if there is no place for it. */
  private boolean keep(QuotaUse use) {
    // Waits for a sweep that looks at this one: what is there then is there until it is at rest.
    if (used.computeIfPresent(use, (same, kept) -> kept) != null) {
      return true;
    }
    if (!takePlace()) {
      sweep(nanoClock.getAsLong());
      if (!takePlace()) {
        return false;
      }
    }
    if (used.putIfAbsent(use, true) != null) {
      places.decrementAndGet();
    }
    return true;
  }

  private boolean takePlace() {
    if (places.incrementAndGet() <= mostSubjects) {
      return true;
    }
    places.decrementAndGet();
    return false;
  }

  /** Forgets those at rest: they would begin with the same. */
  private void sweep(long now) {
    long last = sweptAt.get();
    if (now - last < SWEEP_NANOS || !sweptAt.compareAndSet(last, now)) {
      return;
    }
    for (QuotaUse use : used.keySet()) {
      used.computeIfPresent(
          use,
          (same, kept) -> {
            if (!same.isAtRest(now)) {
              return kept;
            }
            places.decrementAndGet();
            return null;
          });
    }
  }
}
