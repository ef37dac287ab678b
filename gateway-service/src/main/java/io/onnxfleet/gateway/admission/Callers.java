package io.onnxfleet.gateway.admission;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.Priority;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Tells callers apart: by credentials that were verified, or else by their address. A header may
 * name callers only where a trusted proxy brings them. Nothing else that a caller says of itself
 * counts: whoever could name itself anew with each request would take all places. A priority above
 * the default is for callers with the scope for it; others have the default one. Stateless.
 */
final class Callers {

  private static final int HASH_BYTES = 8;

  private final String callerHeader;

  Callers(String callerHeader) {
    this.callerHeader = callerHeader;
  }

  Applicant read(HttpHeaders headers, Access access, long deadlineNanos) {
    int priority = priority(headers.getFirst(HeaderNames.PRIORITY));
    return new Applicant(
        caller(headers, access),
        access.has(Scope.PRIORITY) ? priority : Math.max(priority, Priority.DEFAULT),
        deadlineNanos);
  }

  private String caller(HttpHeaders headers, Access access) {
    if (!callerHeader.isEmpty() && access.isNamedByProxy()) {
      String name = headers.getFirst(callerHeader);
      if (name != null) {
        return hashed(name);
      }
    }
    return access.caller();
  }

  /** So that no name is long, and none looks like one of ours. */
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
    try {
      return given == null ? Priority.DEFAULT : Priority.read(given);
    } catch (IllegalArgumentException malformed) {
      throw new GatewayException(
          ErrorCode.MALFORMED_REQUEST, String.valueOf(malformed.getMessage()));
    }
  }
}
