package io.onnxfleet.engine.runtime;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  @SuppressWarnings("restricted") // calls the C library, which alone knows what it keeps
  public static void giveBack() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> trim = linker.defaultLookup().find("malloc_trim");
    if (trim.isPresent()) {
      MethodHandle function =
          linker.downcallHandle(
              trim.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
      try {
        int _ = (int) function.invokeExact(0L);
      } catch (Throwable failure) {
        throw new IllegalStateException("malloc_trim", failure);
      }
    }
  }
}
