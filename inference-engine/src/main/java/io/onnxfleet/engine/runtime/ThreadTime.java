package io.onnxfleet.engine.runtime;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.LongSupplier;

/** What threads compute. Stateless, thread-safe. */
public final class ThreadTime {
  private ThreadTime() {}

  /** The CPU time of the calling thread in nanoseconds, or the time where that is not told. */
  public static LongSupplier ofCaller() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return threads.isCurrentThreadCpuTimeSupported()
        ? threads::getCurrentThreadCpuTime
        : System::nanoTime;
  }
}
