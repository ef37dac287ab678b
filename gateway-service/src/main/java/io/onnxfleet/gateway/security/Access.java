package io.onnxfleet.gateway.security;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.quota.Quota;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the caller of a request may do: which scopes it has, for which models, and the name under
 * which it shares places with others. Rights are those to the name that was asked for, a model's or
 * a family's, whether anything has that name or not. Immutable.
 */
public final class Access {

  private final Kind kind;
  private final String caller;
  private final Set<Scope> scopes;
  private final ModelPatterns models;
  private final @Nullable Instant expires;
  private final Quota quota;

  /** How the caller is known. */
  public enum Kind {
    /** By a key, a token or a certificate that this gateway verified. */
    VERIFIED,
    /** By a security chain of somebody else. */
    LET_IN,
    /** By its address only. */
    ANONYMOUS,
    /** By its address, which a trusted proxy told, as it may tell the caller's name. */
    BEHIND_PROXY
  }

  public Access(Kind kind, String caller, Set<Scope> scopes, ModelPatterns models) {
    this(kind, caller, scopes, models, null, Quota.NONE);
  }

  /**
   * What somebody's credentials allow.
   *
   * @param expires when they end; null for never
   * @param quota that goes with them
   */
  public Access(
      Kind kind,
      String caller,
      Set<Scope> scopes,
      ModelPatterns models,
      @Nullable Instant expires,
      Quota quota) {
    this.expires = expires;
    this.quota = quota;
    this.kind = kind;
    this.caller = caller;
    this.scopes = scopes.isEmpty() ? EnumSet.noneOf(Scope.class) : EnumSet.copyOf(scopes);
    this.models = models;
  }

  /** Whose request it is; says nothing of credentials. */
  public String caller() {
    return caller;
  }

  /** Whether a trusted proxy brought the request and nothing else tells whose it is. */
  public boolean isNamedByProxy() {
    return kind == Kind.BEHIND_PROXY;
  }

  /** Whether this gateway itself verified credentials. */
  public boolean isVerified() {
    return kind == Kind.VERIFIED;
  }

  /** Whether somebody else's security chain let it in. */
  public boolean isLetInByOthers() {
    return kind == Kind.LET_IN;
  }

  /**
   * Whose work it has done later, with what its credentials allow now. Whom nobody asked for any is
   * everybody else too.
   */
  public WorkOwner asOwner() {
    return isVerified()
        ? new WorkOwner(
            caller,
            has(Scope.ADMIN),
            scopes.stream().map(Scope::label).toList(),
            models.patterns(),
            expires == null ? 0 : expires.getEpochSecond(),
            List.of(
                quota.requestsPerMinute(),
                quota.rowsPerMinute(),
                quota.tokensPerMinute(),
                (long) quota.concurrentRequests()))
        : WorkOwner.named(WorkOwner.ANYBODY);
  }

  public boolean has(Scope scope) {
    return scopes.contains(scope);
  }

  Set<Scope> scopes() {
    return scopes;
  }

  /** Whether the name may be seen, in lists too. */
  public boolean maySee(String model) {
    return !scopes.isEmpty() && models.match(model);
  }

  /** Refuses what the caller may not see. */
  public void requireSight(String model) {
    if (scopes.isEmpty()) {
      throw new GatewayException(
          ErrorCode.SCOPE_MISSING, "scopes: none (expected: any of " + Scope.all() + ")");
    }
    requireModel(model);
  }

  /** Refuses a caller that has no scope at all. */
  public void requireAnyScope() {
    if (scopes.isEmpty()) {
      throw new GatewayException(
          ErrorCode.SCOPE_MISSING, "scopes: none (expected: any of " + Scope.all() + ")");
    }
  }

  /** Refuses what the caller may not do with a model of that name. */
  public void require(Scope scope, String model) {
    require(scope);
    requireModel(model);
  }

  /** Refuses what the caller may not do at all. */
  public void require(Scope scope) {
    if (!scopes.contains(scope)) {
      throw new GatewayException(
          ErrorCode.SCOPE_MISSING, "scopes: %s (expected: %s)".formatted(labels(), scope.label()));
    }
  }

  private void requireModel(String model) {
    if (!models.match(model)) {
      throw new GatewayException(
          ErrorCode.MODEL_FORBIDDEN,
          "model: '%s' (expected: one of those that these credentials are for)".formatted(model));
    }
  }

  private String labels() {
    return scopes.isEmpty()
        ? "none"
        : scopes.stream().map(Scope::label).collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return caller;
  }
}
