package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.HostMemory;
import java.nio.ByteBuffer;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class PinnedHostMemoryTest {
  private static final String CUDA_RUNTIME = NvidiaLibraries.current().cuda().getFirst();

  @Test
  void memory_isTheJvms_unlessAskedOtherwise() {
    assertThat(PinnedHostMemory.of(Map.of())).isSameAs(HostMemory.DIRECT);
    assertThat(memory("0")).isSameAs(HostMemory.DIRECT);
  }

  @Test
  void memory_isTheJvms_whenCudasRuntimeIsMissing() {
    Assumptions.assumeTrue(SharedLibrary.obstacle(CUDA_RUNTIME).isPresent(), "CUDA is here");
    assertThat(memory("1")).isSameAs(HostMemory.DIRECT);
  }

  /** With CUDA's runtime, whether or not a device is there to lock memory for. */
  @Test
  void memory_canBeUsedAndGivenBack_whenCudasRuntimeIsThere() {
    Assumptions.assumeTrue(SharedLibrary.obstacle(CUDA_RUNTIME).isEmpty(), "CUDA is not here");
    HostMemory memory = memory("1");
    assertThat(memory).isInstanceOf(PinnedHostMemory.class);
    for (int capacity : new int[] {256, 1 << 20}) {
      ByteBuffer buffer = memory.allocate(capacity);
      buffer.put(capacity - 1, (byte) 7);
      assertThat(buffer.get(capacity - 1)).isEqualTo((byte) 7);
      memory.free(buffer);
    }
  }

  private static HostMemory memory(String option) {
    return PinnedHostMemory.of(
        Map.of(ExecutionProvider.CUDA, Map.of(PinnedHostMemory.OPTION, option)));
  }
}
