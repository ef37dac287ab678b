package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A session without a runtime: y = 2x + 1 and z = -x over FP32 rows of three, of one input {@code
 * x}. What a test may bring about:
 *
 * <ul>
 *   <li>a row that starts with NaN fails the whole run;
 *   <li>while {@link #hold} is in force a run stays under way until {@link #letGo} or {@link
 *       #terminate}; {@link #awaitHeldRun} tells when one is there.
 * </ul>
 *
 * <p>It refuses a second run at the same time and any run after {@link #close()}, as the real one.
 */
public final class FakeModelSession implements ModelSession {
  public static final ModelSignature SIGNATURE =
      new ModelSignature(
          List.of(new TensorSpec("x", DataType.FP32, Shape.of(-1, 3))),
          List.of(
              new TensorSpec("y", DataType.FP32, Shape.of(-1, 3)),
              new TensorSpec("z", DataType.FP32, Shape.of(-1, 3))),
          Map.of());

  private final BufferPool pool;
  private final List<Long> rowsOfRuns = new CopyOnWriteArrayList<>();
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile boolean closed;
  private volatile boolean terminated;
  private volatile @Nullable Hold hold;

  public FakeModelSession(BufferPool pool) {
    this.pool = pool;
  }

  /** From now on runs stay under way. */
  public void hold() {
    hold = new Hold(new CountDownLatch(1), new CountDownLatch(1));
  }

  /** Waits until a run is held. */
  public void awaitHeldRun() throws InterruptedException {
    Hold current = hold;
    if (current != null) {
      current.entered.await();
    }
  }

  /** Lets the held run, and all later ones, go on. */
  public void letGo() {
    Hold current = hold;
    hold = null;
    if (current != null) {
      current.released.countDown();
    }
  }

  /** The rows of each run that has begun, in order. */
  public List<Long> rowsOfRuns() {
    return List.copyOf(rowsOfRuns);
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public ModelSignature signature() {
    return SIGNATURE;
  }

  @Override
  public ExecutionProvider executionProvider() {
    return ExecutionProvider.CPU;
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    if (closed || !running.compareAndSet(false, true)) {
      throw new IllegalStateException(
          closed ? "the session is closed" : "a run is under way (expected one at a time)");
    }
    try {
      Tensor x = onlyInput(inputs);
      rowsOfRuns.add(x.rows());
      awaitRelease();
      return compute(x, outputs);
    } finally {
      terminated = false;
      running.set(false);
    }
  }

  private static Tensor onlyInput(List<NamedTensor> inputs) {
    if (inputs.size() != 1 || !inputs.getFirst().name().equals("x")) {
      throw InferenceException.invalidInput("inputs %s (expected x alone)", inputs);
    }
    Tensor x = inputs.getFirst().tensor();
    if (x.dataType() != DataType.FP32) {
      throw InferenceException.invalidInput("input 'x': %s (expected FP32)", x.dataType());
    }
    return x;
  }

  private List<Tensor> compute(Tensor x, List<String> outputs) {
    List<Tensor> computed = new ArrayList<>();
    try {
      for (String output : outputs) {
        computed.add(compute(x, output));
      }
      return computed;
    } catch (Throwable failure) {
      computed.forEach(Tensor::close);
      throw failure;
    }
  }

  private Tensor compute(Tensor x, String output) {
    if (!output.equals("y") && !output.equals("z")) {
      throw InferenceException.invalidInput("output '%s' (expected y or z)", output);
    }
    Tensor result = Tensor.allocate(pool, DataType.FP32, x.shape());
    try {
      FloatBuffer source = x.data().asFloatBuffer();
      FloatBuffer target = result.data().asFloatBuffer();
      while (source.hasRemaining()) {
        boolean startsRow = source.position() % 3 == 0;
        float value = source.get();
        if (startsRow && Float.isNaN(value)) {
          throw new InferenceException(ErrorCode.EXECUTION_FAILED, "a row starts with NaN");
        }
        target.put(output.equals("y") ? 2 * value + 1 : -value);
      }
      return result;
    } catch (Throwable failure) {
      result.close();
      throw failure;
    }
  }

  private void awaitRelease() {
    Hold current = hold;
    if (current == null) {
      return;
    }
    current.entered.countDown();
    try {
      current.released.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InferenceException(ErrorCode.EXECUTION_FAILED, "interrupted", e);
    }
    if (terminated) {
      throw new InferenceException(ErrorCode.EXECUTION_FAILED, "the run was terminated");
    }
  }

  @Override
  public void terminate() {
    if (running.get()) {
      terminated = true;
      letGo();
    }
  }

  @Override
  public void close() {
    if (running.get()) {
      throw new IllegalStateException("a run is under way (expected none at close)");
    }
    closed = true;
  }

  private record Hold(CountDownLatch entered, CountDownLatch released) {}
}
