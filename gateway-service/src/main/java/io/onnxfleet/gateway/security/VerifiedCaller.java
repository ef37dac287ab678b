package io.onnxfleet.gateway.security;

import java.time.Instant;
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
 */
record VerifiedCaller(
    Access access,
    FleetAuthentication authentication,
    Context context,
    @Nullable Instant expires,
    @Nullable QuotaUse use) {

  static VerifiedCaller of(Access access, @Nullable Instant expires, @Nullable QuotaUse use) {
    FleetAuthentication authentication = new FleetAuthentication(access);
    return new VerifiedCaller(
        access,
        authentication,
        ReactiveSecurityContextHolder.withAuthentication(authentication),
        expires,
        use);
  }

  boolean hasExpired(Instant now) {
    return expires != null && !now.isBefore(expires);
  }
}
