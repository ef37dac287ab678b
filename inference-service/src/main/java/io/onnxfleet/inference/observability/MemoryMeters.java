package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.onnxfleet.engine.metrics.RunMemoryGauges;
import io.onnxfleet.engine.tensor.BufferPool;

/** What tensors and runs take, and how much of it is kept for later, in bytes. */
public final class MemoryMeters implements MeterBinder {
  private final BufferPool pool;
  private final RunMemoryGauges runs;

  public MemoryMeters(BufferPool pool, RunMemoryGauges runs) {
    this.pool = pool;
    this.runs = runs;
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
    Gauge.builder(MeterNames.RUN_MEMORY_USED, runs, RunMemoryGauges::bytes)
        .description("What runs take or have left for the next ones")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder(MeterNames.RUN_MEMORY_LIMIT, runs, RunMemoryGauges::mostBytes)
        .description("What runs may take")
        .baseUnit("bytes")
        .register(registry);
    FunctionCounter.builder(MeterNames.RUN_MEMORY_WAITS, runs, RunMemoryGauges::waits)
        .description("Runs that had to wait for memory")
        .register(registry);
  }
}
