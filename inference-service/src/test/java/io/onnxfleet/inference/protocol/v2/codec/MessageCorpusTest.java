package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.contract.inference.InferRequest;
import io.onnxfleet.contract.inference.InferResponse;
import io.onnxfleet.contract.inference.WireMessage;
import io.onnxfleet.contract.inference.WireTensor;
import io.onnxfleet.contract.json.MalformedJsonException;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The contract's reader and writer of messages, and the replica's, which read into the memory that
 * models run on and write out of it: the same of every message of one corpus.
 */
class MessageCorpusTest {
  private static final String[] BODIES = {
    "{\"inputs\":[]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[2],\"datatype\":\"%s\",\"data\":[1,2]}]}",
    "{\"inputs\":[{\"data\":[[1],[2]],\"name\":\"a\",\"datatype\":\"%s\",\"shape\":[2,1]}],\"id\":\"7\"}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[],\"datatype\":\"%s\",\"data\":[1]}],\"model_name\":\"m\"}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[0],\"datatype\":\"%s\",\"data\":[]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[-1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[128]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[256]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[40000]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[4294967295]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[18446744073709551615]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[-9223372036854775808]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[0.1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[1e30]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[1e400]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[NaN]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[null]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[2],\"datatype\":\"%s\",\"data\":[true,false]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[2],\"datatype\":\"%s\",\"data\":[\"a\",\"\\u00e9\\n"
        + "\"]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[\"\\ud83d\"]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[2],\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[1,2]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\",\"data\":[{}]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1.5],\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[-1],\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[9223372036854775807,9],\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%s\"}]}",
    "{\"inputs\":[{\"shape\":[1],\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"%s\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"%sx\",\"data\":[1]}]}",
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[0],\"datatype\":\"%s\",\"data\":[]},"
        + "{\"name\":\"a\",\"shape\":[0],\"datatype\":\"%s\",\"data\":[]}]}",
    "{\"inputs\":[],\"outputs\":[{\"name\":\"y\"},{\"name\":\"z\",\"parameters\":{\"binary_data\":true}},"
        + "{\"name\":\"c\",\"parameters\":{\"classification\":3}}]}",
    "{\"inputs\":[],\"outputs\":[{}]}",
    "{\"inputs\":[],\"parameters\":{\"priority\":3,\"timeout\":5,\"binary_data_output\":true,\"x\":[1]}}",
    "{\"inputs\":[],\"parameters\":{\"priority\":-3}}",
    "{\"inputs\":[],\"parameters\":{\"binary_data_output\":1}}",
    "{\"inputs\":[],\"parameters\":null,\"outputs\":null,\"id\":null,\"later\":{\"a\":[{}]}}",
    "{\"inputs\":[],\"id\":7}",
    "{\"inputs\":[]}}",
    "{\"inputs\":[]",
    "{\"inputs\":null}",
    "{\"id\":\"7\"}",
    "[]",
    "",
    "\ufeff{\"inputs\":[]}"
  };

  private final BufferPool pool = BufferPool.ofDefaults();
  private final InferRequestDecoder decoder = new InferRequestDecoder(pool);
  private final Random random = new Random(7);

  @Test
  void requests_areReadAlike() throws IOException {
    int accepted = 0;
    int refused = 0;
    for (String body : BODIES) {
      for (Datatype datatype : Datatype.values()) {
        byte[] bytes = body.replace("%s", datatype.name()).getBytes(StandardCharsets.UTF_8);
        if (isReadAlike(new WireMessage(bytes, null))) {
          accepted++;
        } else {
          refused++;
        }
      }
    }
    assertThat(accepted).isGreaterThan(100);
    assertThat(refused).isGreaterThan(100);
  }

  @Test
  void binaryRequests_areReadAlike() throws IOException {
    for (Datatype datatype : Datatype.values()) {
      for (int size : new int[] {0, 1, 2, 3, 4, 7, 8, 9, 16}) {
        for (int announced : new int[] {size, size + 1, Math.max(0, size - 1)}) {
          String json =
              ("{\"inputs\":[{\"name\":\"a\",\"shape\":[%d],\"datatype\":\"%s\",\"parameters\":"
                      + "{\"binary_data_size\":%d}}]}")
                  .formatted(size / Math.max(1, datatype.byteSize()), datatype, announced);
          byte[] head = json.getBytes(StandardCharsets.UTF_8);
          byte[] body = Arrays.copyOf(head, head.length + size);
          for (int at = head.length; at < body.length; at++) {
            body[at] = (byte) random.nextInt(datatype == Datatype.BOOL ? 3 : 256);
          }
          isReadAlike(new WireMessage(body, head.length));
        }
      }
    }
  }

  /** Whether both take it; they must agree, on what it says too. */
  private boolean isReadAlike(WireMessage message) throws IOException {
    String text = new String(message.body(), StandardCharsets.UTF_8);
    @Nullable InferRequest expected = null;
    String complaint = "";
    try {
      expected = InferRequest.read(message);
    } catch (MalformedJsonException refused) {
      complaint = String.valueOf(refused.getMessage());
    }
    Long header = message.headerLength() == null ? null : (long) message.headerLength();
    InferenceTarget target = new InferenceTarget("m", null, header, 0, Deadline.NONE);
    try {
      InferenceCall call = decoder.decode(target, ArrayBody.of(message.body()), List::of);
      try (InferenceRequest request = call.request()) {
        assertThat(expected).as("%s: %s", text, complaint).isNotNull();
        assertThat(tensors(request.inputs())).as(text).isEqualTo(expected.inputs());
        assertThat(request.id()).as(text).isEqualTo(expected.id());
        assertThat(request.priority()).as(text).isEqualTo(expected.parameters().priority());
        assertThat(request.requestedOutputs())
            .as(text)
            .isEqualTo(expected.outputs().stream().map(InferRequest.Output::name).toList());
        for (InferRequest.Output output : expected.outputs()) {
          boolean binary =
              output.binary() == null ? expected.parameters().binaryOutputs() : output.binary();
          assertThat(call.forms().isBinary(output.name())).as(text).isEqualTo(binary);
          assertThat(call.forms().classesByName().getOrDefault(output.name(), 0))
              .as(text)
              .isEqualTo(output.classes());
        }
        return true;
      }
    } catch (InferenceException refused) {
      assertThat(expected).as("%s: %s", text, refused.getMessage()).isNull();
      return false;
    }
  }

  private static List<WireTensor> tensors(List<NamedTensor> tensors) {
    List<WireTensor> wire = new ArrayList<>();
    for (NamedTensor tensor : tensors) {
      wire.add(
          new WireTensor(
              tensor.name(),
              Datatype.valueOf(tensor.tensor().dataType().name()),
              Arrays.stream(tensor.tensor().shape().dims()).boxed().toList(),
              copy(tensor.tensor().data())));
    }
    return wire;
  }

  private static ByteBuffer copy(ByteBuffer data) {
    return ByteBuffer.allocate(data.remaining()).put(data).flip().order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void answers_areWrittenAlike() throws IOException {
    for (boolean binary : new boolean[] {false, true}) {
      List<NamedTensor> outputs = new ArrayList<>();
      for (DataType type : DataType.values()) {
        boolean isHalf = type == DataType.FP16 || type == DataType.BF16;
        if (type != DataType.BYTES && (binary || !isHalf)) {
          outputs.add(new NamedTensor("y " + type, numbers(type)));
        }
      }
      try (InferenceResponse response = new InferenceResponse("x", "m", 3, outputs)) {
        Recorded recorded = new Recorded();
        InferResponseEncoder.encode(
            response, binary ? OutputForms.BINARY : OutputForms.JSON, "v", recorded);
        InferResponse expected = new InferResponse("m", "3", "x", "v", tensors(response.outputs()));
        WireMessage written = new WireMessage(recorded.bytes.toByteArray(), recorded.headerLength);
        assertThat(InferResponse.read(written)).isEqualTo(expected);
        assertThat(InferResponse.read(expected.write(binary))).isEqualTo(expected);
      }
    }
  }

  private Tensor numbers(DataType type) {
    Tensor tensor = Tensor.allocate(pool, type, Shape.of(2, 3));
    ByteBuffer data = tensor.data();
    while (data.hasRemaining()) {
      switch (type) {
        case FP32 -> data.putFloat((float) random.nextGaussian());
        case FP64 -> data.putDouble(random.nextGaussian());
        case BOOL -> data.put((byte) random.nextInt(2));
        default -> data.put((byte) random.nextInt(256));
      }
    }
    return tensor;
  }

  private static final class Recorded implements ResponseTarget {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private @Nullable Integer headerLength;

    @Override
    public OutputStream beginJson(long estimatedLength) {
      return bytes;
    }

    @Override
    public OutputStream beginBinary(long length, long all) {
      headerLength = (int) length;
      return bytes;
    }
  }
}
