package io.onnxfleet.gateway.admission;

import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Tells callers apart: by the configured header, else by their credentials, else by the address of
 * their connection. What a header says is hashed, so that no secret travels on and no name is long.
 * Stateless.
 */
final class Callers {

  static final String API_KEY = "X-Api-Key";
  static final String PRIORITY = "Inference-Priority";

  private static final int HASH_BYTES = 8;
  private static final String UNKNOWN = "unknown";

  private final String callerHeader;

  Callers(String callerHeader) {
    this.callerHeader = callerHeader;
  }

  Applicant read(ServerHttpRequest request, long deadlineNanos) {
    return new Applicant(
        caller(request), priority(request.getHeaders().getFirst(PRIORITY)), deadlineNanos);
  }

  private String caller(ServerHttpRequest request) {
    HttpHeaders headers = request.getHeaders();
    String name;
    if (!callerHeader.isEmpty()) {
      name = headers.getFirst(callerHeader);
    } else {
      name = headers.getFirst(HttpHeaders.AUTHORIZATION);
      if (name == null) {
        name = headers.getFirst(API_KEY);
      }
    }
    if (name != null) {
      return hashed(name);
    }
    InetSocketAddress address = request.getRemoteAddress();
    return address == null || address.getAddress() == null
        ? UNKNOWN
        : address.getAddress().getHostAddress();
  }

  private static String hashed(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  private static int priority(@Nullable String given) {
    if (given == null || given.equals("0")) {
      return Applicant.DEFAULT_PRIORITY;
    }
    if (given.length() == 1 && given.charAt(0) >= '1' && given.charAt(0) <= '9') {
      return given.charAt(0) - '0';
    }
    throw new GatewayException(
        ErrorCode.MALFORMED_REQUEST,
        PRIORITY
            + ": '"
            + given
            + "' (expected: "
            + Applicant.HIGHEST_PRIORITY
            + ", the highest, to "
            + Applicant.LOWEST_PRIORITY
            + ", or 0 for the default)");
  }
}
