package io.onnxfleet.gateway.security.credential;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.VerifiedCaller;
import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds out for whom the fleet's job service asks, of requests that say so. Only the fleet can say
 * it, by a signature that holds for that owner, that path and this gateway. A key's rights are
 * those that its file has now. A token's are those that it had when the work was given in, until it
 * expires. So are a certificate's, but these do not end with it: what was given in is done. Where
 * the fleet has no secret nobody can say it. Safe for use by many threads; never blocks.
 */
public final class WorkOwners {

  private final FleetSecret secret;
  private final List<String> addresses;
  private final ApiKeys keys;
  private final SubjectQuotas quotas;
  private final LongSupplier millisClock;

  /**
   * Believes what is signed.
   *
   * @param addresses hosts, or hosts and ports, at which the job service reaches this gateway
   */
  public WorkOwners(
      FleetSecret secret,
      List<String> addresses,
      ApiKeys keys,
      SubjectQuotas quotas,
      LongSupplier millisClock) {
    this.secret = secret;
    this.addresses = List.copyOf(addresses);
    this.keys = keys;
    this.quotas = quotas;
    this.millisClock = millisClock;
  }

  /**
   * A request that says for whom it is.
   *
   * @param target path and query as they came
   * @param owners what the headers say, one or more
   * @param signatures what the headers say
   * @param host of this end of the connection
   * @param port of this end of the connection
   */
  public record Claim(
      String method,
      String target,
      List<String> owners,
      List<String> signatures,
      String host,
      int port) {}

  /**
   * The owner.
   *
   * @throws GatewayException if the fleet did not say so, or the owner's credentials ended
   */
  public VerifiedCaller of(Claim claim) {
    if (claim.owners().size() != 1 || claim.signatures().size() != 1) {
      throw stranger("expected: one owner and one signature");
    }
    String said = claim.owners().getFirst();
    String complaint =
        secret.complaint(
            claim.signatures().getFirst(),
            claim.method(),
            claim.target(),
            said,
            authority -> isOwn(authority, claim),
            millisClock.getAsLong());
    if (complaint != null) {
      throw stranger(complaint);
    }
    try {
      return caller(WorkOwner.read(said));
    } catch (IllegalArgumentException malformed) {
      throw stranger(String.valueOf(malformed.getMessage()));
    }
  }

  private static GatewayException stranger(String complaint) {
    return new GatewayException(ErrorCode.STRANGER, HeaderNames.SIGNATURE + ": " + complaint);
  }

  private boolean isOwn(String authority, Claim claim) {
    if (addresses.contains(authority)) {
      return true;
    }
    int colon = authority.lastIndexOf(':');
    if (colon < 0 || !authority.substring(colon + 1).equals(Integer.toString(claim.port()))) {
      return false;
    }
    String host = authority.substring(0, colon);
    return FleetSecret.isSameHost(host, claim.host())
        || addresses.stream().anyMatch(own -> FleetSecret.isSameHost(host, own));
  }

  private VerifiedCaller caller(WorkOwner owner) {
    if (ApiKeys.isOfKey(owner.name())) {
      VerifiedCaller known = keys.named(owner.name());
      if (known == null) {
        throw new GatewayException(
            ErrorCode.CREDENTIALS_INVALID,
            "%s: not known any more (expected: the key that the work was given in with)"
                .formatted(owner.name()));
      }
      return known;
    }
    if (owner.name().equals(WorkOwner.ANYBODY)) {
      throw new GatewayException(
          ErrorCode.CREDENTIALS_MISSING,
          "the work was given in while nobody was asked for credentials (expected: with some)");
    }
    return ofStatement(owner);
  }

  private VerifiedCaller ofStatement(WorkOwner owner) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    owner.scopes().forEach(label -> Scope.of(label).ifPresent(scopes::add));
    @Nullable Instant expires =
        owner.expires() == 0 ? null : Instant.ofEpochSecond(owner.expires());
    List<Long> bounds = owner.quota();
    Quota quota =
        new Quota(bounds.get(0), bounds.get(1), bounds.get(2), Math.toIntExact(bounds.get(3)));
    return VerifiedCaller.of(
        new Access(
            Access.Kind.VERIFIED,
            owner.name(),
            scopes,
            new ModelPatterns(owner.models()),
            expires,
            quota),
        expires,
        quotas.of(owner.name(), quota));
  }
}
