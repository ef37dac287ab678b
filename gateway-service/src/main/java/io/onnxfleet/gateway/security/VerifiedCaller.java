package io.onnxfleet.gateway.security;

import io.onnxfleet.gateway.security.quota.QuotaUse;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import reactor.util.context.Context;

/**
 * Somebody whose credentials were verified, with what each of its requests needs made once.
 *
 * @param access what it may do
 * @param authentication the same as Spring Security knows it
 * @param context in which the authentication is found
 * @param expires when the credentials end; null for never
 * @param use of its quota; null if it has none
 * @param isGuessable whether its credential was thought of and not drawn
 */
public record VerifiedCaller(
    Access access,
    FleetAuthentication authentication,
    Context context,
    @Nullable Instant expires,
    @Nullable QuotaUse use,
    boolean isGuessable) {

  public static VerifiedCaller of(
      Access access, @Nullable Instant expires, @Nullable QuotaUse use) {
    return of(access, expires, use, false);
  }

  /** Whose credential an operator has thought of. */
  public static VerifiedCaller guessable(Access access) {
    return of(access, null, null, true);
  }

  private static VerifiedCaller of(
      Access access, @Nullable Instant expires, @Nullable QuotaUse use, boolean isGuessable) {
    FleetAuthentication authentication = new FleetAuthentication(access);
    return new VerifiedCaller(
        access,
        authentication,
        ReactiveSecurityContextHolder.withAuthentication(authentication),
        expires,
        use,
        isGuessable);
  }

  public boolean hasExpired(InstantSource clock) {
    return expires != null && !clock.instant().isBefore(expires);
  }
}
