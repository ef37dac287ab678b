package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.proto.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A constant of a graph as it goes into a file and comes out of one. Protocol Buffers would copy
 * its data into the heap, so they are kept apart.
 *
 * @param description all but the raw data
 * @param data the raw data, little-endian; empty if the description itself holds the elements
 */
record Initializer(TensorProto description, Optional<ByteBuffer> data) {
  Initializer {
    data = data.map(ByteBuffer::asReadOnlyBuffer);
  }

  static Initializer of(String name, Tensor tensor) {
    return new Initializer(tensor.proto(name).build(), Optional.of(tensor.data()));
  }

  String name() {
    return description.getName();
  }

  /** A view of the data of the caller's own. */
  @Override
  public Optional<ByteBuffer> data() {
    return data.map(buffer -> buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN));
  }

  Optional<Tensor> tensor() {
    return data().isPresent()
        ? ElementType.of(description.getDataType())
            .map(
                type ->
                    Tensor.of(
                        type,
                        data().orElseThrow(),
                        description.getDimsList().stream().mapToLong(Long::longValue).toArray()))
        : Tensor.of(description);
  }
}
