package io.onnxfleet.gateway.security;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/**
 * A verified caller, as Spring Security's filters and a team's own see it: its name is the
 * caller's, its authorities are {@code SCOPE_infer} and the like. Holds no credentials. Immutable.
 */
final class FleetAuthentication extends AbstractAuthenticationToken {

  private static final String PREFIX = "SCOPE_";

  private final transient Access access;

  FleetAuthentication(Access access) {
    super(authorities(access));
    this.access = access;
    super.setAuthenticated(true);
  }

  private static List<SimpleGrantedAuthority> authorities(Access access) {
    return access.scopes().stream()
        .map(scope -> new SimpleGrantedAuthority(PREFIX + scope.label()))
        .toList();
  }

  Access access() {
    return access;
  }

  @Override
  public Object getCredentials() {
    return "";
  }

  @Override
  public Object getPrincipal() {
    return access.caller();
  }

  @Override
  public void eraseCredentials() {}

  @Override
  public void setAuthenticated(boolean authenticated) {
    throw new UnsupportedOperationException("shared by many requests");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
