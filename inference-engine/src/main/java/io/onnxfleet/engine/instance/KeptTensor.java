package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;

/** A tensor's copy on the heap, where it holds none of the tensors' memory. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record KeptTensor(String name, DataType dataType, Shape shape, byte[] data) {
  static KeptTensor of(String name, Tensor tensor) {
    byte[] data = new byte[tensor.byteSize()];
    tensor.data().get(data);
    return new KeptTensor(name, tensor.dataType(), tensor.shape(), data);
  }

  /** True if the tensor, of the same shape, holds the same. */
  boolean holds(Tensor tensor) {
    return ByteBuffer.wrap(data).equals(tensor.data());
  }

  NamedTensor restore(BufferPool pool) {
    Tensor tensor = Tensor.ofByteSize(pool, dataType, shape, data.length);
    tensor.data().put(data);
    return new NamedTensor(name, tensor);
  }

  @Override
  public String toString() {
    return name + " " + dataType + shape;
  }
}
