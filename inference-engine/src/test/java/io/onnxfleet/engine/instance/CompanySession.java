package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A session that answers its one FP32 input {@code x} by itself, until a value exceeds a bound:
 * from there on each row gets what all rows of the run sum up to. Runs take time by a test's clock.
 */
final class CompanySession implements ModelSession {
  /** A run of a row that begins with it waits for {@link #release}. */
  static final float HOLD = -7;

  static final long RUN_NANOS = 1_000_000;
  static final long ROW_NANOS = 100_000;

  private final BufferPool pool;
  private final AtomicLong clock;
  private final float mixesAbove;
  private final Semaphore held = new Semaphore(0);
  private final Semaphore released = new Semaphore(0);
  private final Semaphore stuck = new Semaphore(0);
  final List<Shape> runs = new CopyOnWriteArrayList<>();

  /** From now on runs of a lone row do not end before they are terminated. */
  volatile boolean aloneForever;

  volatile boolean terminated;

  CompanySession(BufferPool pool, AtomicLong clock, float mixesAbove) {
    this.pool = pool;
    this.clock = clock;
    this.mixesAbove = mixesAbove;
  }

  void awaitHeld() throws InterruptedException {
    held.acquire();
  }

  void release() {
    released.release();
  }

  void awaitStuck() throws InterruptedException {
    stuck.acquire();
  }

  @Override
  public ModelSignature signature() {
    return new ModelSignature(List.of(), List.of(), Map.of());
  }

  @Override
  public ExecutionProvider executionProvider() {
    return ExecutionProvider.CPU;
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    Tensor x = inputs.getFirst().tensor();
    FloatBuffer values = x.data().asFloatBuffer();
    long rows = x.rows();
    runs.add(x.shape());
    if (values.get(0) == HOLD) {
      held.release();
      released.acquireUninterruptibly();
    } else if (aloneForever && rows == 1) {
      stuck.release();
      while (!terminated) {
        Thread.onSpinWait();
      }
      terminated = false;
      throw new InferenceException(ErrorCode.EXECUTION_FAILED, "the run was terminated");
    }
    clock.addAndGet(RUN_NANOS + ROW_NANOS * rows);
    float[] answers = new float[values.remaining()];
    float sum = 0;
    float largest = 0;
    for (int index = 0; index < answers.length; index++) {
      answers[index] = values.get(index) + 1;
      sum += values.get(index);
      largest = Math.max(largest, values.get(index));
    }
    if (largest > mixesAbove) {
      for (int index = 0; index < answers.length; index++) {
        answers[index] = sum;
      }
    }
    List<Tensor> tensors = new ArrayList<>();
    for (int output = 0; output < outputs.size(); output++) {
      tensors.add(Tensor.ofFloats(pool, x.shape(), answers));
    }
    return tensors;
  }

  @Override
  public void terminate() {
    terminated = true;
  }

  @Override
  public void close() {}
}
