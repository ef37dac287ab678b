package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;

/** Lets administrators pass, who hold the configured token, and nobody where none is configured. */
final class Administration {

  private static final String BEARER = "Bearer ";

  private final byte[] token;

  Administration(String token) {
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  void requireAdministrator(ServerHttpRequest request) {
    if (token.length == 0) {
      throw new GatewayException(
          ErrorCode.ADMINISTRATION_CLOSED,
          "administration is closed (expected: a token in fleet.gateway.administration.token)");
    }
    @Nullable String given = request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
    if (given == null
        || !given.regionMatches(true, 0, BEARER, 0, BEARER.length())
        || !MessageDigest.isEqual(
            token, given.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8))) {
      throw new GatewayException(
          ErrorCode.ADMINISTRATOR_UNKNOWN,
          "Authorization (expected: an administrator's bearer token)");
    }
  }
}
