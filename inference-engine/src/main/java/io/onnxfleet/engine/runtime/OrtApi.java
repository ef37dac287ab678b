package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.onnxfleet.engine.runtime.OrtFunction.Signature;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * ONNX Runtime's table of C functions. A call returns when the function does and throws {@link
 * OrtFailure} for any status but OK.
 *
 * <p>Handles are made for signatures, not for functions, so that they can be constants which the
 * compiler sees through; a function called with another signature than its own is refused. Nothing
 * else is checked: addresses must be those of live objects of the right kind.
 *
 * <p>Thread-safe.
 */
final class OrtApi {
  /** The first version of the table with all functions of {@link OrtFunction}. */
  private static final int VERSION = 24;

  private static final MethodHandle A = handle(Signature.A);
  private static final MethodHandle AA = handle(Signature.AA);
  private static final MethodHandle AI = handle(Signature.AI);
  private static final MethodHandle AAA = handle(Signature.AAA);
  private static final MethodHandle AAL = handle(Signature.AAL);
  private static final MethodHandle ALA = handle(Signature.ALA);
  private static final MethodHandle ALAA = handle(Signature.ALAA);
  private static final MethodHandle AIAA = handle(Signature.AIAA);
  private static final MethodHandle ALIA = handle(Signature.ALIA);
  private static final MethodHandle ALLA = handle(Signature.ALLA);
  private static final MethodHandle AAAL = handle(Signature.AAAL);
  private static final MethodHandle AAAA = handle(Signature.AAAA);
  private static final MethodHandle IIA = handle(Signature.IIA);
  private static final MethodHandle IAA = handle(Signature.IAA);
  private static final MethodHandle LIIIA = handle(Signature.LIIIA);
  private static final MethodHandle AALIA = handle(Signature.AALIA);
  private static final MethodHandle AALAL = handle(Signature.AALAL);
  private static final MethodHandle AAAAL = handle(Signature.AAAAL);
  private static final MethodHandle AALALIA = handle(Signature.AALALIA);
  private static final MethodHandle AAALAAL = handle(Signature.AAALAAL);
  private static final MethodHandle AAAALALA = handle(Signature.AAAALALA);
  private static final MethodHandle RELEASE = handle(Signature.RELEASE);
  private static final MethodHandle ADDRESS_OF_ADDRESS =
      handle(FunctionDescriptor.of(ADDRESS, ADDRESS));
  private static final MethodHandle ADDRESS_OF_ADDRESSES =
      handle(FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle ADDRESS_OF_NOTHING = handle(FunctionDescriptor.of(ADDRESS));
  private static final MethodHandle ADDRESS_OF_INT =
      handle(FunctionDescriptor.of(ADDRESS, JAVA_INT));
  private static final MethodHandle INT_OF_ADDRESS =
      handle(FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle BOOLEAN_OF_ADDRESS =
      handle(FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS));

  private final String version;
  private final MemorySegment[] functions;

  /**
   * The table of a library that is loaded.
   *
   * @throws IllegalStateException if it is no ONNX Runtime, or too old
   */
  OrtApi(SymbolLookup library) {
    MemorySegment base =
        library
            .find("OrtGetApiBase")
            .orElseThrow(
                () -> new IllegalStateException("no OrtGetApiBase (expected ONNX Runtime)"));
    try {
      MemorySegment entry =
          sized((MemorySegment) ADDRESS_OF_NOTHING.invokeExact(base), 2 * ADDRESS.byteSize());
      version =
          string((MemorySegment) ADDRESS_OF_NOTHING.invokeExact(entry.getAtIndex(ADDRESS, 1)));
      MemorySegment table =
          (MemorySegment) ADDRESS_OF_INT.invokeExact(entry.getAtIndex(ADDRESS, 0), VERSION);
      if (isNull(table)) {
        throw new IllegalStateException(
            "ONNX Runtime %s (expected 1.%d or newer)".formatted(version, VERSION));
      }
      functions = functions(table);
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  /** The version of the library, such as 1.26.0. */
  String version() {
    return version;
  }

  void call(OrtFunction function, MemorySegment a) {
    try {
      check((MemorySegment) A.invokeExact(address(function, Signature.A), a));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, MemorySegment b) {
    try {
      check((MemorySegment) AA.invokeExact(address(function, Signature.AA), a, b));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, int b) {
    try {
      check((MemorySegment) AI.invokeExact(address(function, Signature.AI), a, b));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, MemorySegment b, MemorySegment c) {
    try {
      check((MemorySegment) AAA.invokeExact(address(function, Signature.AAA), a, b, c));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, MemorySegment b, long c) {
    try {
      check((MemorySegment) AAL.invokeExact(address(function, Signature.AAL), a, b, c));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, long b, MemorySegment c) {
    try {
      check((MemorySegment) ALA.invokeExact(address(function, Signature.ALA), a, b, c));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, long b, MemorySegment c, MemorySegment d) {
    try {
      check((MemorySegment) ALAA.invokeExact(address(function, Signature.ALAA), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, int b, MemorySegment c, MemorySegment d) {
    try {
      check((MemorySegment) AIAA.invokeExact(address(function, Signature.AIAA), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, long b, int c, MemorySegment d) {
    try {
      check((MemorySegment) ALIA.invokeExact(address(function, Signature.ALIA), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, long b, long c, MemorySegment d) {
    try {
      check((MemorySegment) ALLA.invokeExact(address(function, Signature.ALLA), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, MemorySegment a, MemorySegment b, MemorySegment c, long d) {
    try {
      check((MemorySegment) AAAL.invokeExact(address(function, Signature.AAAL), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function, MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment d) {
    try {
      check((MemorySegment) AAAA.invokeExact(address(function, Signature.AAAA), a, b, c, d));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, int a, int b, MemorySegment c) {
    try {
      check((MemorySegment) IIA.invokeExact(address(function, Signature.IIA), a, b, c));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, int a, MemorySegment b, MemorySegment c) {
    try {
      check((MemorySegment) IAA.invokeExact(address(function, Signature.IAA), a, b, c));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(OrtFunction function, long a, int b, int c, int d, MemorySegment e) {
    try {
      check((MemorySegment) LIIIA.invokeExact(address(function, Signature.LIIIA), a, b, c, d, e));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function, MemorySegment a, MemorySegment b, long c, int d, MemorySegment e) {
    try {
      check((MemorySegment) AALIA.invokeExact(address(function, Signature.AALIA), a, b, c, d, e));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function, MemorySegment a, MemorySegment b, long c, MemorySegment d, long e) {
    try {
      check((MemorySegment) AALAL.invokeExact(address(function, Signature.AALAL), a, b, c, d, e));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      long e) {
    try {
      check((MemorySegment) AAAAL.invokeExact(address(function, Signature.AAAAL), a, b, c, d, e));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function,
      MemorySegment a,
      MemorySegment b,
      long c,
      MemorySegment d,
      long e,
      int f,
      MemorySegment g) {
    try {
      check(
          (MemorySegment)
              AALALIA.invokeExact(address(function, Signature.AALALIA), a, b, c, d, e, f, g));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      long d,
      MemorySegment e,
      MemorySegment f,
      long g) {
    try {
      check(
          (MemorySegment)
              AAALAAL.invokeExact(address(function, Signature.AAALAAL), a, b, c, d, e, f, g));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  void call(
      OrtFunction function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      long e,
      MemorySegment f,
      long g,
      MemorySegment h) {
    try {
      check(
          (MemorySegment)
              AAAALALA.invokeExact(address(function, Signature.AAAALALA), a, b, c, d, e, f, g, h));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  /** Gives an object back with the function of its kind; the null address is let pass. */
  void release(OrtFunction function, MemorySegment object) {
    if (isNull(object)) {
      return;
    }
    try {
      RELEASE.invokeExact(address(function, Signature.RELEASE), object);
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  /** False if nothing is known of the shape that this tensor type declares, its rank included. */
  boolean hasShape(MemorySegment tensorTypeInfo) {
    try {
      return (boolean)
          BOOLEAN_OF_ADDRESS.invokeExact(
              address(OrtFunction.HAS_SHAPE, Signature.OTHER), tensorTypeInfo);
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  /** The name of the execution provider behind a device. */
  String providerOf(MemorySegment device) {
    try {
      return string(
          (MemorySegment)
              ADDRESS_OF_ADDRESS.invokeExact(
                  address(OrtFunction.EP_DEVICE_NAME, Signature.OTHER), device));
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  /** What stands under a key, a C string as the key is; the null address if nothing does. */
  MemorySegment valueOf(MemorySegment pairs, MemorySegment key) {
    try {
      return (MemorySegment)
          ADDRESS_OF_ADDRESSES.invokeExact(
              address(OrtFunction.GET_KEY_VALUE, Signature.OTHER), pairs, key);
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  static boolean isNull(MemorySegment address) {
    return address.address() == 0;
  }

  /** The memory behind an address that came from the runtime. */
  @SuppressWarnings("restricted") // what the C API returns has no size that Java could know
  static MemorySegment sized(MemorySegment address, long byteSize) {
    return address.reinterpret(byteSize);
  }

  /** The bytes of a C string, without the 0 at its end. */
  static byte[] cString(MemorySegment address) {
    MemorySegment memory = sized(address, Long.MAX_VALUE);
    long length = 0;
    while (memory.get(JAVA_BYTE, length) != 0) {
      length++;
    }
    return memory.asSlice(0, length).toArray(JAVA_BYTE);
  }

  /** A C string as text; malformed UTF-8 becomes U+FFFD. */
  static String string(MemorySegment address) {
    return new String(cString(address), StandardCharsets.UTF_8);
  }

  private void check(MemorySegment status) throws Throwable {
    if (isNull(status)) {
      return;
    }
    try {
      int code =
          (int)
              INT_OF_ADDRESS.invokeExact(
                  address(OrtFunction.GET_ERROR_CODE, Signature.OTHER), status);
      MemorySegment message =
          (MemorySegment)
              ADDRESS_OF_ADDRESS.invokeExact(
                  address(OrtFunction.GET_ERROR_MESSAGE, Signature.OTHER), status);
      throw new OrtFailure(code, string(message));
    } finally {
      release(OrtFunction.RELEASE_STATUS, status);
    }
  }

  private MemorySegment address(OrtFunction function, Signature signature) {
    if (function.signature() != signature) {
      throw new IllegalArgumentException(
          "%s %s (expected %s)".formatted(function, signature, function.signature()));
    }
    return functions[function.index()];
  }

  private static MemorySegment[] functions(MemorySegment table) {
    int last = 0;
    for (OrtFunction function : OrtFunction.values()) {
      last = Math.max(last, function.index());
    }
    MemorySegment entries = sized(table, (last + 1) * ADDRESS.byteSize());
    MemorySegment[] addresses = new MemorySegment[last + 1];
    for (int index = 0; index <= last; index++) {
      addresses[index] = entries.getAtIndex(ADDRESS, index);
    }
    return addresses;
  }

  private static MethodHandle handle(Signature signature) {
    return handle(signature.descriptor());
  }

  @SuppressWarnings("restricted") // calls native code, which is what this class is for
  private static MethodHandle handle(FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(descriptor);
  }

  /** What a method handle threw; no function declares a checked exception. */
  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof RuntimeException exception) {
      return exception;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(failure);
  }
}
