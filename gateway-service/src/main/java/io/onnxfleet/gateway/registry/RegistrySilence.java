package io.onnxfleet.gateway.registry;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Says in one line when the registry stops answering, and in one when it answers again. Its client
 * would say it with a stack trace at each try.
 *
 * <p>For one thread.
 */
final class RegistrySilence {

  /** Some rounds of the client's, which asks once a second. */
  private static final long PATIENCE_MILLIS = 5_000;

  private final Supplier<OptionalLong> sinceAnswerMillis;
  private final String address;
  private final Consumer<String> warnings;
  private final Consumer<String> lines;
  private final long startedNanos;
  private boolean silent;
  private long silentSinceNanos;

  /**
   * Has said nothing yet.
   *
   * @param sinceAnswerMillis since the registry answered last; negative if it never did, empty
   *     where none is asked
   */
  RegistrySilence(
      Supplier<OptionalLong> sinceAnswerMillis,
      String address,
      Consumer<String> warnings,
      Consumer<String> lines,
      long nowNanos) {
    this.sinceAnswerMillis = sinceAnswerMillis;
    this.address = address;
    this.warnings = warnings;
    this.lines = lines;
    this.startedNanos = nowNanos;
  }

  void look(long nowNanos) {
    OptionalLong since = sinceAnswerMillis.get();
    if (since.isEmpty()) {
      return;
    }
    boolean answeredOnce = since.getAsLong() >= 0;
    long silentMillis =
        answeredOnce ? since.getAsLong() : TimeUnit.NANOSECONDS.toMillis(nowNanos - startedNanos);
    if (!silent && silentMillis > PATIENCE_MILLIS) {
      silent = true;
      silentSinceNanos = nowNanos - TimeUnit.MILLISECONDS.toNanos(silentMillis);
      warnings.accept(
          answeredOnce
              ? "the registry (%s) has not answered for %d s; the last known replicas stay"
                  .formatted(address, silentMillis / 1_000)
              : "the registry (%s) has not answered since this gateway started".formatted(address));
    } else if (silent && silentMillis <= PATIENCE_MILLIS) {
      silent = false;
      lines.accept(
          "the registry answers again, after %d s"
              .formatted(TimeUnit.NANOSECONDS.toSeconds(nowNanos - silentSinceNanos)));
    }
  }
}
