package io.onnxfleet.gateway.admission;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the gateway takes in at most.
 *
 * @param maxConcurrentRequests requests under way in the whole gateway; 1 or more. What is above is
 *     answered 429
 * @param maxBodySize of one request as it is sent; 1 byte to 2 GiB. What is above is answered 413
 * @param keptBodies memory for the bodies of requests under way that are kept to be sent again, and
 *     for bodies and answers of TEI's clients; 0 is a quarter of the heap, more than a third is
 *     taken as a third. What does not fit is streamed and cannot be tried again, or answered 429
 *     where it has to be kept
 * @param inflatedBodies of bodies, decompressed, that may be searched for their model at a time or
 *     wait for it, where it does not stand near the front; more than 0. What is above is answered
 *     429
 * @param wastedBytes a second and caller, of large bodies that are refused or hold next to no
 *     tokens; 0 counts none. Whoever has more is answered 429 where a body is large
 * @param bodyReadTimeout the longest pause between two pieces of a body; more than 0. A slower one
 *     is answered 408
 */
@ConfigurationProperties(prefix = "fleet.gateway.admission", ignoreUnknownFields = false)
public record AdmissionProperties(
    @DefaultValue("10000") int maxConcurrentRequests,
    @DefaultValue("64MB") DataSize maxBodySize,
    @DefaultValue("0B") DataSize keptBodies,
    @DefaultValue("256MB") DataSize inflatedBodies,
    @DefaultValue("4MB") DataSize wastedBytes,
    @DefaultValue("30s") Duration bodyReadTimeout) {

  public AdmissionProperties {
    if (maxConcurrentRequests < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.max-concurrent-requests: "
              + maxConcurrentRequests
              + " (expected: >= 1)");
    }
    if (maxBodySize.toBytes() < 1 || maxBodySize.toBytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.max-body-size: " + maxBodySize + " (expected: 1B to 2047MB)");
    }
    if (keptBodies.isNegative()) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.kept-bodies: " + keptBodies + " (expected: >= 0B)");
    }
    if (inflatedBodies.toBytes() < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.inflated-bodies: " + inflatedBodies + " (expected: >= 1B)");
    }
    if (wastedBytes.isNegative()) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.wasted-bytes: " + wastedBytes + " (expected: >= 0B)");
    }
    if (bodyReadTimeout.toMillis() < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.admission.body-read-timeout: " + bodyReadTimeout + " (expected: > 0)");
    }
  }
}
