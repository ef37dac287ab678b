package io.onnxfleet.benchmarks.client;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.contract.inference.InferRequest;
import io.onnxfleet.contract.inference.WireMessage;
import io.onnxfleet.contract.inference.WireTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The body of an infer request with binary tensors: a JSON header, then the tensors' bytes in the
 * header's order. Every output is asked for in binary. The bytes are shared, not copied: they are
 * only read.
 *
 * @param bytes header and tensors
 * @param headerLength how many of the bytes are the header
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; sent as it is.
public record BinaryRequest(byte[] bytes, int headerLength) {
  /** Of INT64 tensors, all of one shape: one row of {@code values.length} elements each. */
  public static BinaryRequest ofRows(Map<String, long[]> inputs) {
    List<WireTensor> tensors =
        new TreeMap<>(inputs)
            .entrySet().stream().map(input -> row(input.getKey(), input.getValue())).toList();
    WireMessage message = InferRequest.binary(tensors).write(true);
    return new BinaryRequest(
        message.body(),
        message.headerLength() == null ? message.body().length : message.headerLength());
  }

  private static WireTensor row(String name, long[] values) {
    ByteBuffer data =
        ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    data.asLongBuffer().put(values);
    return new WireTensor(name, Datatype.INT64, List.of(1L, (long) values.length), data);
  }
}
