package io.onnxfleet.inference.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProcessorShareTest {
  @Test
  void processorShare_isReadAtMostTwiceASecond() {
    AtomicInteger readings = new AtomicInteger();
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10);
    ProcessorShare share = new ProcessorShare(readings::incrementAndGet, clock::get);
    assertThat(share.getAsDouble()).isEqualTo(1);
    assertThat(share.getAsDouble()).isEqualTo(1);
    clock.addAndGet(500_000_000);
    assertThat(share.getAsDouble()).isEqualTo(2);
  }
}
