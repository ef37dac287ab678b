package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import io.onnxfleet.inference.protocol.http.BodyInput;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Counts how often a byte of a binary tensor is written on its way from the connection. */
class BinaryBodyCopiesTest {
  private static final int TENSOR_BYTES = 8 << 20;
  private static final int PIECE = 24 << 10;

  private final BufferPool pool = BufferPool.ofDefaults();

  @Test
  void decode_letsTheConnectionWriteEachByteOnce_whereTheSessionReadsIt() throws IOException {
    byte[] header =
        """
        {"inputs":[{"name":"x","shape":[1,2097152],"datatype":"FP32",\
        "parameters":{"binary_data_size":8388608}}]}"""
            .getBytes(StandardCharsets.UTF_8);
    CountedBody body = new CountedBody(header);
    InferenceTarget target = new InferenceTarget("m", null, (long) header.length, 0, Deadline.NONE);
    InferRequestDecoder decoder = new InferRequestDecoder(pool);
    try (InferenceRequest request = decoder.decode(target, body, List::of).request()) {
      assertThat(body.bytesToHeap).isEqualTo(header.length);
      assertThat(body.bytesToMemory).isEqualTo(TENSOR_BYTES);
      assertThat(pool.usage().buffersInUse()).isEqualTo(1);
      assertThat(pool.usage().bytesInUse()).isEqualTo(TENSOR_BYTES);
      try (Tensor batch = TensorRows.join(pool, List.of(request.inputs().getFirst().tensor()))) {
        assertThat(MemorySegment.ofBuffer(batch.data()).address()).isEqualTo(body.firstAddress);
        assertThat(pool.usage().bytesInUse()).isEqualTo(TENSOR_BYTES);
      }
    }
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  /** A body that comes in the pieces of a connection, and knows where each byte went. */
  private static final class CountedBody extends BodyInput {
    private final byte[] header;
    private int position;
    private long bytesToHeap;
    private long bytesToMemory;
    private long firstAddress;

    CountedBody(byte[] header) {
      this.header = header;
    }

    @Override
    public long remainingAtMost() {
      return (long) header.length + TENSOR_BYTES - position;
    }

    @Override
    public int read() {
      assertThat(remainingAtMost()).isZero();
      return -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      int count = Math.min(length, header.length - position);
      assertThat(count).as("bytes of a tensor on the heap").isPositive();
      System.arraycopy(header, position, target, offset, count);
      position += count;
      bytesToHeap += count;
      return count;
    }

    @Override
    public int read(ByteBuffer target) {
      assertThat(target.isDirect()).isTrue();
      long address = MemorySegment.ofBuffer(target).address();
      if (bytesToMemory == 0) {
        firstAddress = address;
      }
      assertThat(address).as("each byte behind the last").isEqualTo(firstAddress + bytesToMemory);
      int count = Math.min(PIECE, target.remaining());
      target.position(target.position() + count);
      position += count;
      bytesToMemory += count;
      return count;
    }
  }
}
