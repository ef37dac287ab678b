package io.onnxfleet.gateway.security.chain;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.CallerOrigin;
import io.onnxfleet.gateway.security.quota.Allowance;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How often each address may be wrong. It bounds what guessing costs the gateway, and how fast a
 * token can be guessed that somebody thought of. Keys and signed tokens pass whatever was wrong
 * before, since no number of tries finds 256 bits.
 *
 * <p>Safe for use by many threads; never blocks. Bounded: of more addresses than it remembers the
 * one that was silent longest begins anew.
 */
public final class FailureLimit {

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

  /** Counts a failure, and says how it is refused: for what it is or, too often, for that. */
  public GatewayException failed(CallerOrigin origin, ErrorCode code, String message) {
    long now = nanoClock.getAsLong();
    long wait =
        addresses.get(origin.address(), any -> new Allowance(perMinute, 1, now)).tryTake(now);
    return wait == 0
        ? new GatewayException(code, message)
        : new GatewayException(
            ErrorCode.TOO_MANY_FAILURES,
            "credentials: wrong too often from this address (expected: fewer failures)",
            Math.ceilDiv(wait, TimeUnit.SECONDS.toNanos(1)));
  }

  /** Whether the address has been wrong too often to be worth a costly or a risky look. */
  public boolean isExhausted(CallerOrigin origin) {
    Allowance allowance = addresses.getIfPresent(origin.address());
    return allowance != null && allowance.isEmpty(nanoClock.getAsLong());
  }
}
