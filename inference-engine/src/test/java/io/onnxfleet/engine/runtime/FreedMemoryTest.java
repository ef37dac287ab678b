package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FreedMemoryTest {
  private static final int PIECES = 100_000;
  private static final long PIECE = 1000;

  @Test
  @SuppressWarnings("restricted") // what the C library keeps was allocated by it
  void giveBack_makesTheProcessSmaller_whenWhatWasFreedLiesBelowWhatIsUsed() throws Throwable {
    Linker linker = Linker.nativeLinker();
    assumeTrue(
        linker.defaultLookup().find("malloc_trim").isPresent(), "the C library is not glibc");
    MethodHandle malloc =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("malloc"),
            FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    MethodHandle free =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ADDRESS));
    MemorySegment[] pieces = new MemorySegment[PIECES];
    for (int i = 0; i < PIECES; i++) {
      pieces[i] = ((MemorySegment) malloc.invokeExact(PIECE)).reinterpret(PIECE);
      pieces[i].fill((byte) 1);
    }
    for (int i = 0; i < PIECES - 1; i++) {
      free.invokeExact(pieces[i]);
    }
    long before = anonymousKib();

    FreedMemory.giveBack();

    assertThat(before - anonymousKib()).isGreaterThan(PIECES * PIECE / 2 / 1024);
    free.invokeExact(pieces[PIECES - 1]);
  }

  private static long anonymousKib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no RssAnon");
  }
}
