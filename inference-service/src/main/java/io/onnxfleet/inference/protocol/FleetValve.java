package io.onnxfleet.inference.protocol;

import io.micrometer.core.instrument.Counter;
import io.onnxfleet.configuration.FleetDoor;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.inference.protocol.error.ErrorResponses;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

/**
 * Lets nobody in but the fleet, before anything looks at a request: in front of {@link
 * DirectValve}, so of the short way too. What is refused is counted; the log tells of it once in
 * ten seconds.
 */
final class FleetValve extends ValveBase {
  private static final Logger log = LoggerFactory.getLogger(FleetValve.class);

  /** The name of a counter: requests that were not the fleet's. */
  static final String REFUSALS = "fleet.inference.strangers";

  private static final long LOG_EVERY_NANOS = 10_000_000_000L;

  private final FleetDoor door;
  private final RequestIdentity identity;
  private final Counter refusals;
  private final AtomicLong loggedAt = new AtomicLong(System.nanoTime() - LOG_EVERY_NANOS);

  FleetValve(FleetDoor door, RequestIdentity identity, Counter refusals) {
    super(true);
    this.door = door;
    this.identity = identity;
    this.refusals = refusals;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    String complaint = door.complaint(request);
    if (complaint == null) {
      getNext().invoke(request, response);
      return;
    }
    refusals.increment();
    tell(request, complaint);
    identity.stamp(request, response);
    HttpHeaders headers = new HttpHeaders();
    headers.set(HttpHeaders.WWW_AUTHENTICATE, HeaderNames.SIGNATURE_SCHEME);
    headers.set(HeaderNames.REPLICA_STATE, HeaderNames.CLOSED);
    ResponseEntity<byte[]> answer =
        ErrorResponses.of(request.getRequestURI(), HttpStatus.UNAUTHORIZED, headers, complaint);
    ErrorResponses.write(answer, response);
  }

  private void tell(Request request, String complaint) {
    long now = System.nanoTime();
    long last = loggedAt.get();
    if (now - last >= LOG_EVERY_NANOS && loggedAt.compareAndSet(last, now)) {
      log.warn(
          "refused {} {} from {}: {} ({} so far; one line in ten seconds)",
          request.getMethod(),
          request.getRequestURI(),
          request.getRemoteAddr(),
          complaint,
          (long) refusals.count());
    }
  }
}
