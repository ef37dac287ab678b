package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;

import com.google.protobuf.ByteString;
import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls a model over HTTP with sample inputs, in JSON or in binary. */
final class SampleCall {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final String HEADER_LENGTH = "Inference-Header-Content-Length";

  private final RunningReplica replica;
  private final String model;

  SampleCall(RunningReplica replica, String model) {
    this.replica = replica;
    this.model = model;
  }

  HttpResponse<byte[]> inJson(Map<String, StoredTensor> inputs) {
    List<Map<String, Object>> tensors = new ArrayList<>();
    inputs.forEach(
        (name, tensor) -> {
          Map<String, Object> entry = head(name, tensor);
          entry.put("data", tensor.elements().stream().map(e -> jsonOf(tensor.type(), e)).toList());
          tensors.add(entry);
        });
    return replica.post(path(), MAPPER.writeValueAsBytes(Map.of("inputs", tensors)));
  }

  private static Object jsonOf(Datatype type, Object element) {
    return switch (type) {
      case BOOL -> element.equals(1L);
      case UINT64 -> new BigInteger(Long.toUnsignedString((Long) element));
      default -> element;
    };
  }

  HttpResponse<byte[]> inBinary(Map<String, StoredTensor> inputs) {
    List<Map<String, Object>> tensors = new ArrayList<>();
    ByteArrayOutputStream binary = new ByteArrayOutputStream();
    inputs.forEach(
        (name, tensor) -> {
          Map<String, Object> entry = head(name, tensor);
          entry.put("parameters", Map.of("binary_data_size", tensor.data().size()));
          tensors.add(entry);
          binary.writeBytes(tensor.data().toByteArray());
        });
    byte[] head =
        MAPPER.writeValueAsBytes(
            Map.of("inputs", tensors, "parameters", Map.of("binary_data_output", true)));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(head);
    body.writeBytes(binary.toByteArray());
    return replica.post(path(), body.toByteArray(), HEADER_LENGTH, Integer.toString(head.length));
  }

  private String path() {
    return "/v2/models/" + model + "/infer";
  }

  private static Map<String, Object> head(String name, StoredTensor tensor) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", name);
    entry.put("shape", tensor.shape());
    entry.put("datatype", tensor.type().name());
    return entry;
  }

  /** The outputs of an answer by name, in their order. */
  static Map<String, StoredTensor> outputs(HttpResponse<byte[]> response) {
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + " " + text(response));
    }
    byte[] body = response.body();
    OptionalLong header = response.headers().firstValueAsLong(HEADER_LENGTH);
    int at = header.isPresent() ? (int) header.getAsLong() : body.length;
    Map<String, StoredTensor> outputs = new LinkedHashMap<>();
    for (JsonNode output : json(new String(body, 0, at, StandardCharsets.UTF_8)).get("outputs")) {
      Datatype type = Datatype.valueOf(output.get("datatype").asString());
      List<Long> shape = new ArrayList<>();
      output.get("shape").forEach(dim -> shape.add(dim.asLong()));
      JsonNode size = output.at("/parameters/binary_data_size");
      ByteString data;
      if (size.isMissingNode()) {
        data = bytesOf(type, output.get("data"));
      } else {
        data = ByteString.copyFrom(body, at, size.asInt());
        at += size.asInt();
      }
      outputs.put(output.get("name").asString(), new StoredTensor(type, shape, data));
    }
    return outputs;
  }

  private static ByteString bytesOf(Datatype type, JsonNode elements) {
    ByteString all = ByteString.EMPTY;
    if (type == Datatype.BYTES) {
      for (JsonNode element : elements) {
        all = all.concat(StoredTensor.text(ByteString.copyFromUtf8(element.asString())));
      }
      return all;
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(elements.size() * type.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    for (JsonNode element : elements) {
      switch (type) {
        case BOOL -> bytes.put((byte) (element.asBoolean() ? 1 : 0));
        case INT8, UINT8 -> bytes.put((byte) element.asInt());
        case INT16, UINT16 -> bytes.putShort((short) element.asInt());
        case INT32, UINT32 -> bytes.putInt((int) element.asLong());
        case INT64 -> bytes.putLong(element.asLong());
        case UINT64 -> bytes.putLong(element.bigIntegerValue().longValue());
        case FP32 -> bytes.putFloat((float) element.asDouble());
        case FP64 -> bytes.putDouble(element.asDouble());
        case FP16, BF16, BYTES -> throw new AssertionError(type + " in JSON");
      }
    }
    return ByteString.copyFrom(bytes.flip());
  }
}
