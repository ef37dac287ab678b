package io.onnxfleet.benchmarks.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BinaryRequestTest {
  @Test
  void ofRows_putsTheTensorsBehindTheHeader_inItsOrder() {
    BinaryRequest request =
        BinaryRequest.ofRows(Map.of("b", new long[] {3, -4, 5}, "a", new long[] {1, 2, 1L << 60}));

    JsonNode header =
        JsonMapper.shared().readTree(new String(request.bytes(), 0, request.headerLength(), UTF_8));
    assertThat(header.at("/inputs/0/name").asString()).isEqualTo("a");
    assertThat(header.at("/inputs/1/name").asString()).isEqualTo("b");
    assertThat(header.at("/inputs/1/datatype").asString()).isEqualTo("INT64");
    assertThat(header.at("/inputs/1/shape").toString()).isEqualTo("[1,3]");
    assertThat(header.at("/inputs/1/parameters/binary_data_size").asInt()).isEqualTo(24);
    assertThat(header.at("/parameters/binary_data_output").asBoolean()).isTrue();

    ByteBuffer tensors =
        ByteBuffer.wrap(
                request.bytes(),
                request.headerLength(),
                request.bytes().length - request.headerLength())
            .order(ByteOrder.LITTLE_ENDIAN);
    long[] values = new long[6];
    tensors.asLongBuffer().get(values);
    assertThat(values).containsExactly(1, 2, 1L << 60, 3, -4, 5);
    assertThat(tensors.remaining()).isEqualTo(48);
  }
}
