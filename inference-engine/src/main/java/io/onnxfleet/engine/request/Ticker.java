package io.onnxfleet.engine.request;

/** A source of elapsed time; below the wiring nothing else tells the time. */
@FunctionalInterface
public interface Ticker {
  /** Nanoseconds since an arbitrary origin; only differences mean something. */
  long nanoTime();

  static Ticker system() {
    return System::nanoTime;
  }
}
