package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model file opened by ONNX Runtime on the CPU, in a process of its own: whatever native code
 * does to that, the optimizer goes on, and the caller gets a {@link ModelCrashException} that says
 * what happened. Holds the process until it is closed. Thread-safe; one run at a time.
 *
 * <p>Processes are used again for other models. A crash in one that has seen another model may be
 * that one's doing; so the question is asked again in a fresh process, and counts only if that one
 * crashes too.
 */
public final class RunnableModel implements AutoCloseable {
  private final Path file;
  private final SessionSettings settings;
  private final @Nullable Path optimized;
  private RuntimeChild child;
  private Signature signature;
  private boolean closed;

  private record Signature(List<InputSpec> inputs, Map<String, ElementType> outputTypes) {}

  private RunnableModel(Path file, SessionSettings settings, @Nullable Path optimized) {
    this.file = file;
    this.settings = settings;
    this.optimized = optimized;
    this.child = RuntimeChild.take();
    boolean opened = false;
    try {
      try {
        signature = open();
      } catch (ModelCrashException crash) {
        signature = openAfresh(crash);
      }
      opened = true;
    } finally {
      if (!opened) {
        child.giveBack();
      }
    }
  }

  /**
   * Opens a file.
   *
   * @throws OptimizerException with ONNX Runtime's reason if it refuses the model
   * @throws ModelCrashException if the model ends the process
   */
  public static RunnableModel open(Path file, SessionSettings settings) {
    return new RunnableModel(file, settings, null);
  }

  /** Opens a file, and has ONNX Runtime write the graph that it made of it to another. */
  public static RunnableModel openAndSave(Path file, SessionSettings settings, Path optimized) {
    return new RunnableModel(file, settings, optimized);
  }

  private Signature open() {
    return child.ask(
        file,
        Wire.Question.OPEN,
        out -> {
          Wire.writeText(out, file.toAbsolutePath().toString());
          out.writeInt(settings.threads());
          Wire.writeText(out, settings.level().name());
          Wire.writeText(out, optimized == null ? "" : optimized.toAbsolutePath().toString());
        },
        in -> new Signature(Wire.readInputs(in), Wire.readTypes(in)));
  }

  private Signature openAfresh(ModelCrashException crash) {
    if (child.isFresh()) {
      throw crash;
    }
    child = RuntimeChild.fresh();
    return open();
  }

  /** The file that was opened. */
  public Path file() {
    return file;
  }

  /** What a run must be given. */
  public List<InputSpec> inputs() {
    return signature.inputs();
  }

  /** The types of the outputs that are tensors of a type known here, by name. */
  public Map<String, ElementType> outputTypes() {
    return signature.outputTypes();
  }

  /**
   * Runs once. Of the outputs, those that are tensors of numbers come back, as FP32 if floating.
   * FP32 goes in as half precision where the model takes that.
   */
  public synchronized List<TensorValue> run(List<TensorValue> values) {
    requireOpen();
    try {
      return ask(values);
    } catch (ModelCrashException crash) {
      signature = openAfresh(crash);
      return ask(values);
    }
  }

  private List<TensorValue> ask(List<TensorValue> values) {
    return child.ask(
        file, Wire.Question.RUN, out -> Wire.writeTensors(out, values), Wire::readTensors);
  }

  /** Prepares inputs that can be run again and again. */
  public synchronized Inputs prepare(List<TensorValue> values) {
    requireOpen();
    return new Inputs(
        child.ask(
            file,
            Wire.Question.PREPARE,
            out -> Wire.writeTensors(out, values),
            in -> in.readInt()));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(file + " is closed");
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (child.isAlive()) {
      child.ask(file, Wire.Question.CLOSE, _ -> {}, _ -> true);
      child.giveBack();
    }
  }

  /** Inputs of runs, in the process's memory until they or the model are closed. */
  public final class Inputs implements AutoCloseable {
    private final int handle;

    private Inputs(int handle) {
      this.handle = handle;
    }

    /**
     * Runs so many times and drops the answers: for the clock, which is read where the model runs.
     *
     * @return nanoseconds of all runs
     */
    public long exercise(int runs) {
      synchronized (RunnableModel.this) {
        requireOpen();
        return child.ask(
            file,
            Wire.Question.EXERCISE,
            out -> {
              out.writeInt(handle);
              out.writeInt(runs);
            },
            in -> in.readLong());
      }
    }

    @Override
    public void close() {
      synchronized (RunnableModel.this) {
        if (!closed && child.isAlive()) {
          child.ask(file, Wire.Question.RELEASE, out -> out.writeInt(handle), _ -> true);
        }
      }
    }
  }
}
