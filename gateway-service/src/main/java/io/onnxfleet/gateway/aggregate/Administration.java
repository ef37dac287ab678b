package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.chain.FailureLimit;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Lets administrators pass and tells the audit log of all who try: whose verified credentials have
 * the scope or, where nobody needs any, who holds the configured token. Safe for use by many
 * threads.
 */
final class Administration {

  private static final String BEARER = "Bearer ";

  private final AuditLog audit;
  private final FailureLimit failures;
  private final byte[] token;

  Administration(AuditLog audit, FailureLimit failures, String token) {
    this.audit = audit;
    this.failures = failures;
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  /** Does the work if its caller may. */
  Mono<Void> as(Call call, String action, String model, Supplier<Mono<Void>> work) {
    return audit.during(
        new AuditLog.Deed(action, model, call.access(), call.origin(), call.trace().requestId()),
        call.answer()::status,
        Mono.defer(
            () -> {
              require(call, model);
              return work.get();
            }));
  }

  /** Refuses whoever may not change the model. */
  void require(Call call, String model) {
    Access access = call.access();
    if (access.isVerified()) {
      access.require(Scope.ADMIN, model);
    } else {
      requireToken(call);
    }
  }

  private void requireToken(Call call) {
    if (token.length == 0) {
      throw new GatewayException(
          ErrorCode.ADMINISTRATION_CLOSED,
          "administration is closed (expected: a token in fleet.gateway.administration.token)");
    }
    @Nullable String given = call.head().headers().getFirst(HttpHeaders.AUTHORIZATION);
    if (given == null
        || !given.regionMatches(true, 0, BEARER, 0, BEARER.length())
        || !MessageDigest.isEqual(
            token, given.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8))
        // It can be guessed, so the right guess must be no quicker than the wrong ones.
        || failures.isExhausted(call.origin())) {
      throw failures.failed(
          call.origin(),
          ErrorCode.ADMINISTRATOR_UNKNOWN,
          "Authorization (expected: an administrator's bearer token)");
    }
  }
}
