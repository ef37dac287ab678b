package io.onnxfleet.gateway.jobs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.HashMap;
import java.util.Map;

/**
 * Places of calls under way. An upload may take as long as its client wants, so the last quarter is
 * for callers that have no place yet: nobody takes them all.
 *
 * <p>INVARIANT: 0 <= taken <= most; who entered leaves once. Safe for use by many threads.
 */
final class Places {
  private static final int PARTS = 4;

  private final String what;
  private final int most;

  @GuardedBy("this")
  private int taken;

  @GuardedBy("this")
  private final Map<String, Integer> ofCallers = new HashMap<>();

  /**
   * Places of which none is taken.
   *
   * @param what is under way there, as a refusal says it: {@code uploads are under way}
   */
  Places(String what, int most) {
    this.what = what;
    this.most = most;
  }

  /** One that is taken. */
  final class Place {
    private final String caller;

    private Place(String caller) {
      this.caller = caller;
    }

    /** Gives it back, once. */
    void leave() {
      Places.this.leave(caller);
    }
  }

  /**
   * Takes a place.
   *
   * @throws GatewayException if there is none for that caller
   */
  synchronized Place enter(String caller) {
    int own = ofCallers.getOrDefault(caller, 0);
    if (taken >= (own == 0 ? most : most - most / PARTS)) {
      throw new GatewayException(
          ErrorCode.GATEWAY_OVERLOADED,
          "%d %s, %d of them this caller's (expected: fewer)".formatted(taken, what, own),
          JobForwarding.RETRY_AFTER_SECONDS);
    }
    taken++;
    ofCallers.put(caller, own + 1);
    return new Place(caller);
  }

  private synchronized void leave(String caller) {
    taken--;
    ofCallers.computeIfPresent(caller, (name, count) -> count == 1 ? null : count - 1);
  }
}
