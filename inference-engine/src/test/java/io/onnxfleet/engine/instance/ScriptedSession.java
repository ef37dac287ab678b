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
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A session that doubles its one FP32 input {@code x} into {@code y}. Runs wait at a gate, which is
 * open unless a test closes it; some values make a run fail.
 */
final class ScriptedSession implements ModelSession {
  /** A row that holds it makes the run fail. */
  static final float POISON = 666;

  /** A row that holds it makes the run run out of memory. */
  static final float HEAVY = 999;

  /** A row that holds it makes the run answer one row whatever it was given. */
  static final float FUSED = 111;

  private final BufferPool pool;
  private final Semaphore gate = new Semaphore(0);
  private final Semaphore arrivals = new Semaphore(0);
  private volatile boolean gated;
  private final AtomicBoolean terminated = new AtomicBoolean();
  final List<Shape> runs = new CopyOnWriteArrayList<>();
  final AtomicBoolean closed = new AtomicBoolean();

  ScriptedSession(BufferPool pool) {
    this.pool = pool;
  }

  /** From now on each run waits for a {@link #pass}. */
  void closeGate() {
    gated = true;
  }

  void pass(int runCount) {
    gate.release(runCount);
  }

  void openGate() {
    gated = false;
    gate.release(1 << 20);
  }

  /** Waits until that many more runs have arrived at the gate. */
  void awaitArrivals(int count) throws InterruptedException {
    arrivals.acquire(count);
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
  public List<String> providerNotes() {
    return List.of();
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    arrivals.release();
    if (gated) {
      gate.acquireUninterruptibly();
    }
    if (terminated.get()) {
      throw new InferenceException(ErrorCode.EXECUTION_FAILED, "terminated");
    }
    if (closed.get()) {
      throw new IllegalStateException("run on a closed session");
    }
    Tensor x = inputs.getFirst().tensor();
    runs.add(x.shape());
    float[] doubled = doubled(x);
    List<Tensor> answers = new ArrayList<>();
    for (int output = 0; output < outputs.size(); output++) {
      answers.add(answer(x.shape(), doubled));
    }
    return answers;
  }

  private Tensor answer(Shape shape, float[] doubled) {
    for (float value : doubled) {
      if (value == 2 * FUSED) {
        return Tensor.ofFloats(pool, Shape.of(1, doubled.length), doubled);
      }
    }
    return Tensor.ofFloats(pool, shape, doubled);
  }

  private static float[] doubled(Tensor x) {
    FloatBuffer values = x.data().asFloatBuffer();
    float[] doubled = new float[values.remaining()];
    for (int index = 0; index < doubled.length; index++) {
      float value = values.get(index);
      if (value == POISON) {
        throw new InferenceException(ErrorCode.EXECUTION_FAILED, "poisoned row");
      }
      if (value == HEAVY) {
        throw new OutOfMemoryError("heavy row");
      }
      doubled[index] = 2 * value;
    }
    return doubled;
  }

  @Override
  public void terminate() {
    terminated.set(true);
    openGate();
  }

  @Override
  public void close() {
    closed.set(true);
  }
}
