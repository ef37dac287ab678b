package io.onnxfleet.gateway.cache;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The one request at a replica that equal requests wait for. It lands once; what comes later is
 * ignored. Safe for use by many threads.
 */
final class Flight {

  /** How it ended. */
  sealed interface Landing {
    /** With an answer for all. */
    record Answered(CachedAnswer answer) implements Landing {}

    /** Its client went away: somebody else flies. */
    record HandedOver() implements Landing {}

    /** With an answer that is nobody else's business: everybody flies alone. */
    record Alone() implements Landing {}
  }

  private final Sinks.One<Landing> landing = Sinks.one();

  void land(Landing how) {
    // Fails only if it has landed before, which then holds.
    Sinks.EmitResult _ = landing.tryEmitValue(how);
  }

  Mono<Landing> landing() {
    return landing.asMono();
  }
}
