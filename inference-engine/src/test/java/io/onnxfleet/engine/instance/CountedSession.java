package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.MemoryUse;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A session that runs nothing and holds what a test says, as an arena would. Thread-safe. */
final class CountedSession implements ModelSession {
  /** What sessions hold together. */
  private final AtomicLong all;

  private long held;
  private long peak;
  private boolean running;

  CountedSession(AtomicLong all) {
    this.all = all;
  }

  /** A run that takes so much begins: what is held already is used first. */
  synchronized void begin(long bytes) {
    if (running) {
      throw new IllegalStateException("a run is under way");
    }
    running = true;
    if (bytes > held) {
      all.addAndGet(bytes - held);
      held = bytes;
    }
    peak = Math.max(peak, bytes);
  }

  synchronized void end() {
    running = false;
  }

  @Override
  public synchronized MemoryUse memoryUse() {
    return new MemoryUse(held, peak);
  }

  @Override
  public synchronized void shrink() {
    if (running) {
      throw new IllegalStateException("shrunk under a run");
    }
    all.addAndGet(-held);
    held = 0;
  }

  @Override
  public ModelSignature signature() {
    throw new UnsupportedOperationException();
  }

  @Override
  public ExecutionProvider executionProvider() {
    return ExecutionProvider.CPU;
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void terminate() {}

  @Override
  public void close() {
    shrink();
  }
}
