package io.onnxfleet.gateway.security.quota;

import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much of each quota falls to this gateway: its share by the number of gateways. Whoever uses a
 * quota reads it here; nobody is told. Safe for use by many threads.
 */
public final class QuotaShare {

  private static final Logger LOGGER = LoggerFactory.getLogger(QuotaShare.class);

  private final IntSupplier gateways;
  private volatile double now = 1;

  /**
   * The whole, until it is looked at.
   *
   * @param gateways how many there are, this one included
   */
  public QuotaShare(IntSupplier gateways) {
    this.gateways = gateways;
  }

  /** Above 0, at most 1. */
  double now() {
    return now;
  }

  /** Looks at the number of gateways. While it is not known, the last one counts. */
  public void refresh() {
    try {
      now = 1.0 / Math.max(1, gateways.getAsInt());
    } catch (RuntimeException unknown) {
      LOGGER.debug("how many gateways there are is not known", unknown);
    }
  }
}
