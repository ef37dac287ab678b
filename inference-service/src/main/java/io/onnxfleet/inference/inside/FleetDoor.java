package io.onnxfleet.inference.inside;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Says of requests whether they come from the fleet. Questions for health may come from anybody,
 * and say nothing but yes or no. Without a secret everything may. Immutable and thread-safe.
 */
public final class FleetDoor {
  private static final Set<String> OPEN =
      Set.of(
          ApiPaths.LIVE,
          ApiPaths.READY,
          ApiPaths.PROCESS_LIVE,
          ApiPaths.PROCESS_READY,
          "/actuator/health/liveness",
          "/actuator/health/readiness");

  private final @Nullable FleetSecret secret;
  private final List<String> hosts;
  private final LongSupplier millisClock;

  /**
   * A door for one replica.
   *
   * @param secret null where the replica is open to everybody
   * @param hosts under which it is registered
   */
  public FleetDoor(@Nullable FleetSecret secret, List<String> hosts, LongSupplier millisClock) {
    this.secret = secret;
    this.hosts = List.copyOf(hosts);
    this.millisClock = millisClock;
  }

  /** Whether everybody comes in. */
  public boolean isOpen() {
    return secret == null;
  }

  /** Why the request is refused, or null if it may come in. Its body is not looked at. */
  public @Nullable String complaint(HttpServletRequest request) {
    FleetSecret known = secret;
    String path = request.getRequestURI();
    if (known == null || isOpen(request, path)) {
      return null;
    }
    Enumeration<String> signatures = request.getHeaders(HeaderNames.SIGNATURE);
    String first = signatures.hasMoreElements() ? signatures.nextElement() : null;
    if (signatures.hasMoreElements()) {
      return HeaderNames.SIGNATURE + ": several (expected: one)";
    }
    String query = request.getQueryString();
    String complaint =
        known.complaint(
            first,
            request.getMethod(),
            query == null ? path : path + '?' + query,
            authority -> isAt(authority, request),
            millisClock.getAsLong());
    return complaint == null ? null : HeaderNames.SIGNATURE + ": " + complaint;
  }

  private static boolean isOpen(HttpServletRequest request, String path) {
    boolean reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
    return reads && OPEN.contains(ApiPaths.withoutSlashAtEnd(path));
  }

  /** The port is always its own; the host may be the address that the request came to. */
  private boolean isAt(String authority, HttpServletRequest request) {
    int colon = authority.lastIndexOf(':');
    if (colon < 0
        || !authority.substring(colon + 1).equals(Integer.toString(request.getLocalPort()))) {
      return false;
    }
    String host = authority.substring(0, colon);
    return FleetSecret.isSameHost(host, request.getLocalAddr())
        || hosts.stream().anyMatch(own -> FleetSecret.isSameHost(host, own));
  }
}
