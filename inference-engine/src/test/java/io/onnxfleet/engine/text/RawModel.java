package io.onnxfleet.engine.text;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** A text model as ONNX Runtime's own interface runs it, one row at a time, without padding. */
final class RawModel implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession.SessionOptions options = new OrtSession.SessionOptions();
  private final OrtSession session;

  RawModel(Path file) throws OrtException {
    options.setIntraOpNumThreads(1);
    session = environment.createSession(file.toString(), options);
  }

  /** The first output's row: {@code float[]} or {@code float[][]}. */
  Object row(long[] ids, long[] types) {
    long[] shape = {1, ids.length};
    long[] ones = new long[ids.length];
    Arrays.fill(ones, 1);
    try (OnnxTensor tokens = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
        OnnxTensor mask = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
        OnnxTensor kinds = OnnxTensor.createTensor(environment, LongBuffer.wrap(types), shape);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", tokens, "attention_mask", mask, "token_type_ids", kinds))) {
      return ((Object[]) result.get(0).getValue())[0];
    } catch (OrtException failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** One vector a row. */
  float[] logits(long[] ids, long[] types) {
    return (float[]) row(ids, types);
  }

  /** One vector a token, of a single text. */
  float[][] tokens(long[] ids) {
    return (float[][]) row(ids, new long[ids.length]);
  }

  @Override
  public void close() throws OrtException {
    session.close();
    options.close();
  }
}
