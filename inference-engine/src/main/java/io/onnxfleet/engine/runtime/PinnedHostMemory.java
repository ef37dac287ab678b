package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.onnxfleet.engine.tensor.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Page-locked memory of CUDA's runtime, which a device copies from without a detour.
 *
 * <p>Small buffers, and those that CUDA refuses, are the JVM's: a copy of them is slower and just
 * as right. Thread-safe.
 */
public final class PinnedHostMemory implements HostMemory {
  /** The option of {@link ExecutionProvider#CUDA} that asks for it: {@code 1}. */
  static final String OPTION = "pinned_host_memory";

  private static final Logger log = LoggerFactory.getLogger(PinnedHostMemory.class);

  /** Locking takes whole pages and a call to the driver. */
  private static final int SMALLEST = 1 << 14;

  private static final int FOR_ALL_DEVICES = 1;

  private final MethodHandle allocate;
  private final MethodHandle free;
  private final Set<Long> pinned = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean hasFailed = new AtomicBoolean();

  private PinnedHostMemory(SymbolLookup cuda) {
    allocate = function(cuda, "cudaHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
    free = function(cuda, "cudaFreeHost", ADDRESS);
  }

  /** Page-locked memory if the options ask for it and CUDA's runtime is here, else the JVM's. */
  public static HostMemory of(Map<ExecutionProvider, Map<String, String>> providerOptions) {
    Map<String, String> options = providerOptions.getOrDefault(ExecutionProvider.CUDA, Map.of());
    if (!options.getOrDefault(OPTION, "0").equals("1")) {
      return DIRECT;
    }
    String library = NvidiaLibraries.current().cuda().getFirst();
    Optional<SymbolLookup> cuda = SharedLibrary.lookup(library);
    if (cuda.isEmpty()) {
      log.warn(
          "{}: {} (tensors lie in memory that is not page-locked)",
          OPTION,
          SharedLibrary.obstacle(library).orElse(library));
      return DIRECT;
    }
    return new PinnedHostMemory(cuda.get());
  }

  @Override
  @SuppressWarnings("restricted") // what CUDA returns has no size that Java could know
  public ByteBuffer allocate(int capacity) {
    if (capacity < SMALLEST) {
      return DIRECT.allocate(capacity);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      int status = (int) allocate.invokeExact(out, (long) capacity, FOR_ALL_DEVICES);
      if (status == 0) {
        MemorySegment memory = out.get(ADDRESS, 0).reinterpret(capacity);
        pinned.add(memory.address());
        return memory.asByteBuffer();
      }
      if (hasFailed.compareAndSet(false, true)) {
        log.warn("CUDA locks no memory: cudaHostAlloc of {} bytes answers {}", capacity, status);
      }
      return DIRECT.allocate(capacity);
    } catch (Throwable failure) {
      throw rethrown(failure);
    }
  }

  @Override
  public void free(ByteBuffer memory) {
    MemorySegment segment = MemorySegment.ofBuffer(memory);
    if (pinned.remove(segment.address())) {
      try {
        int status = (int) free.invokeExact(segment);
        if (status != 0) {
          log.warn("cudaFreeHost answers {} (expected 0)", status);
        }
      } catch (Throwable failure) {
        throw rethrown(failure);
      }
    }
  }

  @SuppressWarnings("restricted") // calls CUDA's runtime, which is what this class is for
  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException exception
        ? exception
        : new IllegalStateException(failure);
  }
}
