package io.onnxfleet.gateway.forwarding;

import java.util.Locale;

/** A try at a replica that ended before an answer had begun. Carries no stack trace. */
final class ReplicaFailure extends RuntimeException {

  enum Reason {
    /** No connection came about, so nothing of the request went out. */
    REFUSED,
    /** The connection broke after the request had begun. */
    RESET,
    /**
     * As {@link #RESET}, but nobody need have died: the connection was used before and may just
     * have been too old, or the replica answers on another one.
     */
    STALE,
    /** The connection broke after the head of an answer had come, and nothing else. */
    CUT,
    /** The replica is leaving and takes nothing new. */
    DRAINING,
    /** The replica does not take this gateway for one of its fleet. */
    CLOSED,
    /** Every connection to the replica is taken and so is every place in the queue for one. */
    SATURATED,
    /** The replica has no room for it, and another one may have. */
    FULL,
    /** Another replica's answer to the same request came first. */
    LATE;

    private final String tag = name().toLowerCase(Locale.ROOT);

    /** As metrics and log lines name it. */
    String tag() {
      return tag;
    }

    /** Whether a request may go to another replica although its body cannot be sent again. */
    boolean leftBodyUntouched() {
      return this == REFUSED || this == SATURATED;
    }

    /** Whether it tells of load and not of a fault. */
    boolean isOfLoad() {
      return this == SATURATED || this == FULL || this == LATE;
    }

    /** Whether the replica may still be at the request, or may have died of it. */
    boolean leavesExposed() {
      return this == RESET || this == STALE;
    }

    /** Whether a further try costs replicas more than the first one would have alone. */
    boolean costsMore() {
      return this == RESET || this == STALE || this == CUT;
    }
  }

  private final Reason reason;

  ReplicaFailure(Reason reason, String message) {
    super(message, null, false, false);
    this.reason = reason;
  }

  Reason reason() {
    return reason;
  }
}
