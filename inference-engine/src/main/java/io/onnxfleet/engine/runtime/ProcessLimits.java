package io.onnxfleet.engine.runtime;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Bounds of this process that the operating system keeps. Only on Linux; elsewhere nothing. */
public final class ProcessLimits {
  private static final Logger log = LoggerFactory.getLogger(ProcessLimits.class);
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Private memory that may be written to, as Linux numbers the limits. */
  private static final int DATA = 2;

  private static final AtomicBoolean GAVE_WAY = new AtomicBoolean();

  private ProcessLimits() {}

  /**
   * Lets this process have that much more memory of its own than it has now, and gives way to
   * others where CPUs are short. What exceeds it fails as it does where memory is short.
   *
   * @return false if it could not be done
   */
  public static boolean bound(long furtherBytes) {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
      return false;
    }
    FunctionDescriptor onLimit =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      if (GAVE_WAY.compareAndSet(false, true)) {
        ThreadPriorities.lowerAll();
      }
      MemorySegment limit = arena.allocate(ValueLayout.JAVA_LONG, 2);
      int read =
          (int) CLibrary.function("getrlimit", onLimit).orElseThrow().invokeExact(DATA, limit);
      // The soft limit alone, so that the next one may be higher.
      limit.setAtIndex(ValueLayout.JAVA_LONG, 0, Math.addExact(dataBytes(), furtherBytes));
      return read == 0
          && (int) CLibrary.function("setrlimit", onLimit).orElseThrow().invokeExact(DATA, limit)
              == 0;
    } catch (Throwable failure) {
      log.warn("this process's memory is not bounded: {}", failure.toString());
      return false;
    }
  }

  private static long dataBytes() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmData:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no VmData in " + STATUS);
  }
}
