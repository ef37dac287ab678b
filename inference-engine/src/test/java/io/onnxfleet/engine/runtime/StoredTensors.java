package io.onnxfleet.engine.runtime;

import com.google.protobuf.ByteString;
import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** The inputs and outputs that are stored beside the shared models, as tensors of the engine. */
public final class StoredTensors {
  private final BufferPool pool;

  public StoredTensors(BufferPool pool) {
    this.pool = pool;
  }

  /** A file that is read like that. */
  public Tensor read(Path file, StoredTensor.Kind kind) throws IOException {
    StoredTensor stored = StoredTensor.read(file, kind);
    Tensor tensor =
        Tensor.ofByteSize(
            pool,
            DataType.parse(stored.type().name()),
            Shape.of(stored.shape().stream().mapToLong(Long::longValue).toArray()),
            stored.data().size());
    tensor.data().put(stored.data().asReadOnlyByteBuffer());
    return tensor;
  }

  /** The elements of a tensor as numbers, or as texts where it is of bytes. */
  static List<Object> elements(Tensor tensor) {
    return new StoredTensor(
            Datatype.valueOf(tensor.dataType().name()),
            List.of(),
            ByteString.copyFrom(tensor.data()))
        .elements();
  }

  /** True if both are equal, floating-point numbers within tolerances relative to the expected. */
  static boolean close(Object actual, Object expected, double relative, double absolute) {
    if (actual instanceof Double a && expected instanceof Double e) {
      return Objects.equals(a, e) || Math.abs(a - e) <= absolute + relative * Math.abs(e);
    }
    return actual.equals(expected);
  }
}
