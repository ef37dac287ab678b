package io.onnxfleet.gateway.security.quota;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the subjects of tokens and certificates have used of their quotas. A subject's tokens share
 * one use, as long as they name the same quota: a new token is no new quota.
 *
 * <p>Safe for use by many threads; never blocks. Bounded: of more subjects than it remembers the
 * one that was silent longest begins anew.
 */
public final class SubjectQuotas {

  private record Subject(String caller, Quota quota) {}

  private final QuotaShare share;
  private final LongSupplier nanoClock;
  private final Cache<Subject, QuotaUse> uses;

  public SubjectQuotas(QuotaShare share, int mostSubjects, LongSupplier nanoClock) {
    this.share = share;
    this.nanoClock = nanoClock;
    this.uses = Caffeine.newBuilder().maximumSize(mostSubjects).executor(Runnable::run).build();
  }

  /** What the caller has used of the quota; null where that bounds nothing. */
  public @Nullable QuotaUse of(String caller, Quota quota) {
    return quota.isNone()
        ? null
        : uses.get(
            new Subject(caller, quota),
            subject -> new QuotaUse(subject.quota(), share, nanoClock.getAsLong()));
  }
}
