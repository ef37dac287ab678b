package io.onnxfleet.gateway.security;

import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.Quotation;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Tells of administration: who did what to which model, from where, and how it ended, refused
 * attempts included. One line each, of the logger {@code io.onnxfleet.gateway.audit}. Safe for use
 * by many threads.
 */
public final class AuditLog {

  private static final Logger LOGGER = LoggerFactory.getLogger("io.onnxfleet.gateway.audit");

  /**
   * What somebody does, or tries to do.
   *
   * @param requestId of the request that asks for it
   */
  public record Deed(
      String action, String model, Access access, CallerOrigin origin, String requestId) {}

  /**
   * Does the work, and tells of it when it has ended.
   *
   * @param status of the answer, once it has one
   */
  public Mono<Void> during(Deed deed, IntSupplier status, Mono<Void> work) {
    return work.doOnSuccess(done -> tell(deed, Integer.toString(status.getAsInt()), null))
        .doOnError(failure -> tell(deed, "failed", failure))
        .doOnCancel(() -> tell(deed, "cancelled", null));
  }

  private static void tell(Deed deed, String end, @Nullable Throwable failure) {
    String reason =
        failure == null
            ? ""
            : failure instanceof GatewayException refusal
                ? refusal.code().status() + " " + refusal.getMessage()
                : failure.toString();
    LOGGER.info(
        "{} of '{}' by {} from {}: {}{} (request={})",
        deed.action(),
        Quotation.of(deed.model()),
        deed.access().caller(),
        deed.origin().peer(),
        end,
        reason.isEmpty() ? "" : ", " + Quotation.of(reason),
        deed.requestId());
  }

  public void keysChanged(int count, List<String> changes) {
    LOGGER.info("keys: {} known (+ added, - removed, ~ changed): {}", count, changes);
  }
}
