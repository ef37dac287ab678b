package io.onnxfleet.gateway.connection;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.LineBudget;
import java.net.SocketAddress;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What connections are refused before it is a request: counted by reason, and of all of it {@value
 * #LINES} lines a second in the log. Safe for use by many threads.
 */
final class ConnectionRefusals {

  /** Counter: heads that were refused, by reason. */
  static final String REFUSED = "fleet.gateway.refused.heads";

  private static final Logger LOGGER = LoggerFactory.getLogger(ConnectionRefusals.class);
  private static final String TAG_REASON = "reason";
  private static final int LINES = 5;

  private final LineBudget lines = new LineBudget(LINES);
  private final Map<ErrorCode, Counter> counters = new EnumMap<>(ErrorCode.class);
  private final LongSupplier nanoClock;

  ConnectionRefusals(MeterRegistry registry, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    for (ErrorCode code :
        new ErrorCode[] {
          ErrorCode.MALFORMED_REQUEST,
          ErrorCode.REQUEST_LINE_TOO_LONG,
          ErrorCode.HEADERS_TOO_LARGE,
          ErrorCode.HEAD_TIMEOUT
        }) {
      counters.put(
          code,
          Counter.builder(REFUSED)
              .description("heads of requests that could not be read, or not in time")
              .tag(TAG_REASON, code.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
  }

  void refused(GatewayException refusal, @Nullable SocketAddress client) {
    Counter counter = counters.get(refusal.code());
    if (counter != null) {
      counter.increment();
    }
    long leftOut = LOGGER.isInfoEnabled() ? lines.take(nanoClock.getAsLong()) : -1;
    if (leftOut >= 0) {
      LOGGER.info(
          "status={} to {}: {} ({} more are not listed)",
          refusal.code().status(),
          client,
          refusal.getMessage(),
          leftOut);
    }
  }
}
