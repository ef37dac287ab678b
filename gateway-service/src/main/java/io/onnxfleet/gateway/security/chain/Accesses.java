package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.CallerOrigin;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.credential.CredentialDigest;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * Tells what a request may do: what its credentials allow, or what everybody may where none are
 * needed. Found out once for each exchange. Safe for use by many threads.
 */
public final class Accesses {

  private static final String ATTRIBUTE = Access.class.getName();

  private final CallerAddresses addresses;
  private final Set<Scope> anonymous;

  Accesses(CallerAddresses addresses, Set<Scope> anonymous) {
    this.addresses = addresses;
    this.anonymous = anonymous;
  }

  public Access of(ServerWebExchange exchange) {
    Access known = verified(exchange);
    if (known != null) {
      return known;
    }
    CallerAddresses.Origin origin = addresses.of(exchange.getRequest());
    Access found =
        new Access(
            origin.isToldByProxy() ? Access.Kind.BEHIND_PROXY : Access.Kind.ANONYMOUS,
            origin.caller(),
            anonymous,
            ModelPatterns.ALL);
    attach(exchange, found);
    return found;
  }

  /** Where the exchange comes from. */
  public CallerOrigin originOf(ServerWebExchange exchange) {
    return addresses.originOf(exchange.getRequest());
  }

  /** What was found out before; null if nothing was. */
  static @Nullable Access verified(ServerWebExchange exchange) {
    return exchange.getAttribute(ATTRIBUTE);
  }

  static void attach(ServerWebExchange exchange, Access access) {
    exchange.getAttributes().put(ATTRIBUTE, access);
  }

  /** Somebody whom a security chain of others let in: its name is its own, its rights are all's. */
  Access letIn(String name) {
    return new Access(
        Access.Kind.LET_IN, "user:" + CredentialDigest.of(name), anonymous, ModelPatterns.ALL);
  }
}
