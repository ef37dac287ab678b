package io.onnxfleet.engine.runtime;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Functions of the C library, which alone knows what the operating system can be asked for. */
final class CLibrary {
  private CLibrary() {}

  /** The function of that name, or empty if this platform's library has none. */
  @SuppressWarnings("restricted") // calls native code, by descriptors that stand beside the names
  static Optional<MethodHandle> function(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(address -> linker.downcallHandle(address, descriptor));
  }
}
