package io.onnxfleet.gateway.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How often each address may be wrong. It bounds what guessing costs the gateway; right credentials
 * pass whatever was wrong before, since no number of tries finds 256 bits.
 *
 * <p>Safe for use by many threads; never blocks. Bounded: of more addresses than it remembers the
 * one that was silent longest begins anew.
 */
final class FailureLimit {

  private static final int MOST_ADDRESSES = 10_000;

  private final int perMinute;
  private final LongSupplier nanoClock;
  private final Cache<String, Allowance> addresses;

  FailureLimit(int perMinute, LongSupplier nanoClock) {
    this.perMinute = perMinute;
    this.nanoClock = nanoClock;
    this.addresses =
        Caffeine.newBuilder()
            .maximumSize(MOST_ADDRESSES)
            .expireAfterAccess(Duration.ofMinutes(2))
            .ticker(nanoClock::getAsLong)
            .executor(Runnable::run)
            .build();
  }

  /** Counts a failure: 0, or the nanoseconds until the address may be wrong again. */
  long failed(String address) {
    long now = nanoClock.getAsLong();
    return addresses.get(address, any -> new Allowance(perMinute, 1, now)).tryTake(now);
  }

  /** Whether the address has been wrong too often to be worth a costly look. */
  boolean isExhausted(String address) {
    Allowance allowance = addresses.getIfPresent(address);
    return allowance != null && allowance.isEmpty(nanoClock.getAsLong());
  }
}
