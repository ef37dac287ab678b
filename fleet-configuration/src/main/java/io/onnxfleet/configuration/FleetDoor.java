package io.onnxfleet.configuration;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetCertificates;
import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.servlet.http.HttpServletRequest;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Says of requests to a process with servlets whether they come from the fleet's gateways: by their
 * signature where it has a secret, by their connection's certificate where it has certificates, by
 * both where it has both. Questions for health may come from anybody, and say nothing but yes or
 * no. Where it has neither, everything may. Whose work a request says it is about counts only where
 * the signature covers it. Immutable and thread-safe.
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

  /** Where the container leaves the certificates that a connection's other end showed. */
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  private final @Nullable FleetSecret secret;
  private final @Nullable List<String> gateways;
  private final List<String> hosts;
  private final LongSupplier millisClock;

  /**
   * A door for one process.
   *
   * @param secret null where the fleet has none
   * @param gateways of which names a gateway's certificate has one; null where the fleet has no
   *     certificates
   * @param hosts under which it is registered
   */
  public FleetDoor(
      @Nullable FleetSecret secret,
      @Nullable List<String> gateways,
      List<String> hosts,
      LongSupplier millisClock) {
    this.secret = secret;
    this.gateways = gateways == null ? null : List.copyOf(gateways);
    this.hosts = List.copyOf(hosts);
    this.millisClock = millisClock;
  }

  /** Whether everybody comes in. */
  public boolean isOpen() {
    return secret == null && gateways == null;
  }

  /** Why the request is refused, or null if it may come in. Its body is not looked at. */
  public @Nullable String complaint(HttpServletRequest request) {
    String path = request.getRequestURI();
    if (isOpen() || isOpen(request, path)) {
      return null;
    }
    String ofConnection = complaintOfConnection(request);
    return ofConnection == null ? complaintOfSignature(request, path) : ofConnection;
  }

  private @Nullable String complaintOfConnection(HttpServletRequest request) {
    List<String> names = gateways;
    if (names == null) {
      return null;
    }
    String complaint =
        FleetCertificates.complaint(
            (X509Certificate[]) request.getAttribute(CERTIFICATES),
            names,
            Instant.ofEpochMilli(millisClock.getAsLong()));
    return complaint == null ? null : "client's certificate: " + complaint;
  }

  private @Nullable String complaintOfSignature(HttpServletRequest request, String path) {
    FleetSecret known = secret;
    if (known == null) {
      return null;
    }
    Enumeration<String> signatures = request.getHeaders(HeaderNames.SIGNATURE);
    String first = signatures.hasMoreElements() ? signatures.nextElement() : null;
    Enumeration<String> owners = request.getHeaders(HeaderNames.OWNER);
    String owner = owners.hasMoreElements() ? owners.nextElement() : null;
    if (signatures.hasMoreElements() || owners.hasMoreElements()) {
      return HeaderNames.SIGNATURE + ": several, or several owners (expected: one)";
    }
    String query = request.getQueryString();
    String complaint =
        known.complaint(
            first,
            request.getMethod(),
            query == null ? path : path + '?' + query,
            owner,
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
