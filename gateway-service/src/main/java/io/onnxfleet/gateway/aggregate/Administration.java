package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Accesses;
import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.FailureLimit;
import io.onnxfleet.gateway.security.Scope;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Lets administrators pass and tells the audit log of all who try: whose verified credentials have
 * the scope or, where nobody needs any, who holds the configured token. Safe for use by many
 * threads.
 */
final class Administration {

  private static final String BEARER = "Bearer ";

  private final Accesses accesses;
  private final AuditLog audit;
  private final FailureLimit failures;
  private final byte[] token;

  Administration(Accesses accesses, AuditLog audit, FailureLimit failures, String token) {
    this.accesses = accesses;
    this.audit = audit;
    this.failures = failures;
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  /** Does the work if its caller may. */
  Mono<Void> as(
      ServerWebExchange exchange, String action, String model, Supplier<Mono<Void>> work) {
    Access access = accesses.of(exchange);
    return audit.during(
        exchange,
        action,
        model,
        access,
        Mono.defer(
            () -> {
              requireAdministrator(exchange, access, model);
              return work.get();
            }));
  }

  /** Refuses a further model that a change is about. */
  void require(ServerWebExchange exchange, String model) {
    requireAdministrator(exchange, accesses.of(exchange), model);
  }

  private void requireAdministrator(ServerWebExchange exchange, Access access, String model) {
    if (access.isVerified()) {
      access.require(Scope.ADMIN, model);
    } else {
      requireToken(exchange.getRequest());
    }
  }

  private void requireToken(ServerHttpRequest request) {
    if (token.length == 0) {
      throw new GatewayException(
          ErrorCode.ADMINISTRATION_CLOSED,
          "administration is closed (expected: a token in fleet.gateway.administration.token)");
    }
    @Nullable String given = request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
    if (given == null
        || !given.regionMatches(true, 0, BEARER, 0, BEARER.length())
        || !MessageDigest.isEqual(
            token, given.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8))
        // It can be guessed, so the right guess must be no quicker than the wrong ones.
        || failures.isExhausted(request)) {
      throw failures.failed(
          request,
          ErrorCode.ADMINISTRATOR_UNKNOWN,
          "Authorization (expected: an administrator's bearer token)");
    }
  }
}
