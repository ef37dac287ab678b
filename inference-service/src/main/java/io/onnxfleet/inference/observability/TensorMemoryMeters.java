package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.onnxfleet.engine.tensor.BufferPool;

/** How much tensor memory is handed out and how much is kept for later, in bytes. */
public final class TensorMemoryMeters implements MeterBinder {
  private final BufferPool pool;

  public TensorMemoryMeters(BufferPool pool) {
    this.pool = pool;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder(MeterNames.TENSOR_MEMORY_IN_USE, pool, source -> source.usage().bytesInUse())
        .description("Tensor memory handed out")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder(MeterNames.TENSOR_MEMORY_POOLED, pool, source -> source.usage().pooledBytes())
        .description("Tensor memory kept for later")
        .baseUnit("bytes")
        .register(registry);
  }
}
