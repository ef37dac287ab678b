package io.onnxfleet.jobs.inside;

import io.micrometer.core.instrument.Counter;
import io.onnxfleet.configuration.FleetDoor;
import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.WorkOwner;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Lets nobody in but the fleet's gateways, and knows whose each request is: who the gateway says,
 * or anybody where it says nothing. Safe for use by many threads.
 */
public final class OwnerFilter extends OncePerRequestFilter {
  private final FleetDoor door;
  private final Counter refusals;

  OwnerFilter(FleetDoor door, Counter refusals) {
    this.door = door;
    this.refusals = refusals;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String complaint = door.complaint(request);
    if (complaint == null) {
      complaint = attach(request);
    }
    if (complaint == null) {
      chain.doFilter(request, response);
      return;
    }
    refusals.increment();
    ErrorCode code = ErrorCode.STRANGER;
    byte[] body = ErrorBody.of(request.getRequestURI(), code, complaint).write();
    response.setStatus(code.status());
    response.setHeader("WWW-Authenticate", HeaderNames.SIGNATURE_SCHEME);
    response.setHeader(HeaderNames.REPLICA_STATE, HeaderNames.CLOSED);
    response.setContentType("application/json");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  private static @Nullable String attach(HttpServletRequest request) {
    String said = request.getHeader(HeaderNames.OWNER);
    try {
      WorkOwner owner = said == null ? WorkOwner.named(WorkOwner.ANYBODY) : WorkOwner.read(said);
      new Owners(owner, said == null ? owner.write() : said).attachTo(request);
      return null;
    } catch (IllegalArgumentException malformed) {
      return HeaderNames.OWNER + ": " + malformed.getMessage();
    }
  }
}
