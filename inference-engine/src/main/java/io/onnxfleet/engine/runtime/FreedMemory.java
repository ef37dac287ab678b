package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Native memory that was freed, but that the C library keeps for later. glibc keeps what lies
 * between pieces still in use, so that a process grows with every model that it loads and unloads.
 * Elsewhere nothing happens.
 */
public final class FreedMemory {
  private FreedMemory() {}

  /**
   * Gives it back to the operating system. Takes milliseconds, in which other threads' allocations
   * may wait: for after a session was closed, not for after a run.
   */
  public static void giveBack() {
    Optional<MethodHandle> trim =
        CLibrary.function("malloc_trim", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    if (trim.isPresent()) {
      try {
        int _ = (int) trim.get().invokeExact(0L);
      } catch (Throwable failure) {
        throw new IllegalStateException("malloc_trim", failure);
      }
    }
  }
}
