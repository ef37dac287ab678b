package io.onnxfleet.gateway.security;

import io.onnxfleet.gateway.fleet.ModelPatterns;
import java.util.Set;

/** Callers whom nobody verified. */
public final class TestAccess {

  /** This machine. */
  public static final CallerOrigin ORIGIN =
      new CallerOrigin() {
        @Override
        public String peer() {
          return "127.0.0.1";
        }

        @Override
        public String address() {
          return "127.0.0.1";
        }
      };

  private TestAccess() {}

  /** A caller that may run every model. */
  public static Access of(String caller) {
    return new Access(Access.Kind.ANONYMOUS, caller, Set.of(Scope.INFER), ModelPatterns.ALL);
  }

  /** One that may be served before others too. */
  public static Access preferred(String caller) {
    return new Access(
        Access.Kind.VERIFIED, caller, Set.of(Scope.INFER, Scope.PRIORITY), ModelPatterns.ALL);
  }
}
