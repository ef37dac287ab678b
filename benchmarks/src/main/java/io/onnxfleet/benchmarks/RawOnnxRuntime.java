package io.onnxfleet.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * ONNX Runtime in this process, called by its official Java API: what a fleet cannot beat. Some
 * sessions of one thread each, as many as CPUs, which is how a replica divides its CPUs by default.
 * A call takes a free session and waits for one if there is none. Thread-safe, but for {@link
 * #close}, which releases all of it.
 */
final class RawOnnxRuntime implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final List<OrtSession> sessions = new ArrayList<>();
  private final BlockingQueue<OrtSession> free;

  RawOnnxRuntime(Path model, int count) throws OrtException {
    free = new ArrayBlockingQueue<>(count);
    try {
      for (int i = 0; i < count; i++) {
        sessions.add(session(model));
      }
      free.addAll(sessions);
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private OrtSession session(Path model) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      return environment.createSession(model.toString(), options);
    }
  }

  int sessions() {
    return sessions.size();
  }

  /** The same row, {@code rows} times over, with which a session is run again and again. */
  Batch batch(Map<String, long[]> row, int rows) throws OrtException {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    Batch batch = new Batch(tensors);
    try {
      for (Map.Entry<String, long[]> input : row.entrySet()) {
        tensors.put(input.getKey(), repeat(input.getValue(), rows));
      }
      return batch;
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
  }

  private OnnxTensor repeat(long[] row, int rows) throws OrtException {
    LongBuffer data =
        ByteBuffer.allocateDirect(rows * row.length * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .asLongBuffer();
    for (int i = 0; i < rows; i++) {
      data.put(row);
    }
    return OnnxTensor.createTensor(environment, data.flip(), new long[] {rows, row.length});
  }

  /** Runs one session once and drops the answer. */
  void run(Batch batch) throws OrtException, InterruptedException {
    OrtSession session = free.take();
    try {
      session.run(batch.tensors).close();
    } finally {
      free.add(session);
    }
  }

  @Override
  public void close() throws OrtException {
    for (OrtSession session : sessions) {
      session.close();
    }
  }

  /** Inputs of one run. Sessions may share it: they only read. */
  static final class Batch implements AutoCloseable {
    private final Map<String, OnnxTensor> tensors;

    private Batch(Map<String, OnnxTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public void close() {
      tensors.values().forEach(OnnxTensor::close);
    }
  }
}
