package io.onnxfleet.gateway.admission;

/**
 * Events per second, as an average whose weight falls by e every time constant. Not safe for
 * threads.
 */
public final class EventRate {

  private final double constantSeconds;
  private double perSecond;
  private long lastNanos;

  public EventRate(double constantSeconds, long nowNanos) {
    this.constantSeconds = constantSeconds;
    this.lastNanos = nowNanos;
  }

  public void count(long nowNanos) {
    decay(nowNanos);
    perSecond += 1 / constantSeconds;
  }

  public double perSecond(long nowNanos) {
    decay(nowNanos);
    return perSecond;
  }

  private void decay(long nowNanos) {
    if (nowNanos - lastNanos > 0) {
      perSecond *= Math.exp((lastNanos - nowNanos) / (1e9 * constantSeconds));
      lastNanos = nowNanos;
    }
  }
}
