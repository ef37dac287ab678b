package io.onnxfleet.plain;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The part of the Open Inference Protocol that the comparison needs: FP32 and INT64 tensors, JSON
 * or binary.
 */
@RestController
class InferController {

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final PlainService.Models models;
  private final JsonMapper mapper;

  InferController(PlainService.Models models, JsonMapper mapper) {
    this.models = models;
    this.mapper = mapper;
  }

  @GetMapping(ApiPaths.READY)
  ResponseEntity<Void> ready() {
    return ResponseEntity.ok().build();
  }

  @GetMapping(ApiPaths.MODEL)
  Map<String, Object> metadata(@PathVariable String model) throws OrtException {
    OrtSession session = session(model);
    return Map.of(
        "name", model,
        "inputs", describe(session.getInputInfo()),
        "outputs", describe(session.getOutputInfo()));
  }

  @PostMapping(ApiPaths.INFER)
  ResponseEntity<?> infer(
      @PathVariable String model,
      @RequestHeader(name = HeaderNames.HEADER_LENGTH, required = false)
          @Nullable Integer headerLength,
      @RequestBody byte[] body)
      throws OrtException {
    OrtSession session = session(model);
    int jsonLength = headerLength == null ? body.length : headerLength;
    JsonNode request = mapper.readTree(body, 0, jsonLength);
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      int offset = jsonLength;
      for (JsonNode input : request.path("inputs")) {
        int size = input.path("parameters").path("binary_data_size").asInt(0);
        inputs.put(input.path("name").asString(), tensor(input, body, offset, size));
        offset += size;
      }
      try (OrtSession.Result result = session.run(inputs)) {
        return request.path("parameters").path("binary_data_output").asBoolean(false)
            ? binaryAnswer(model, result)
            : ResponseEntity.ok(jsonAnswer(model, result));
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private OrtSession session(String model) {
    OrtSession session = models.sessions().get(model);
    if (session == null) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND, "unknown model '" + model + "'");
    }
    return session;
  }

  private OnnxTensor tensor(JsonNode input, byte[] body, int offset, int size) throws OrtException {
    long[] shape = input.path("shape").valueStream().mapToLong(JsonNode::asLong).toArray();
    boolean isFloat = input.path("datatype").asString().equals("FP32");
    if (size > 0) {
      ByteBuffer data = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
      data.put(body, offset, size).flip();
      return OnnxTensor.createTensor(
          environment, data, shape, isFloat ? OnnxJavaType.FLOAT : OnnxJavaType.INT64);
    }
    JsonNode data = input.path("data");
    if (isFloat) {
      FloatBuffer floats = FloatBuffer.allocate(data.size());
      data.forEach(value -> floats.put(value.floatValue()));
      return OnnxTensor.createTensor(environment, floats.flip(), shape);
    }
    LongBuffer longs = LongBuffer.allocate(data.size());
    data.forEach(value -> longs.put(value.longValue()));
    return OnnxTensor.createTensor(environment, longs.flip(), shape);
  }

  private ResponseEntity<byte[]> binaryAnswer(String model, OrtSession.Result result) {
    List<Map<String, Object>> outputs = new ArrayList<>();
    List<ByteBuffer> tensors = new ArrayList<>();
    int size = 0;
    for (Map.Entry<String, OnnxValue> entry : result) {
      OnnxTensor tensor = (OnnxTensor) entry.getValue();
      ByteBuffer bytes = tensor.getByteBuffer();
      Map<String, Object> output = describe(entry.getKey(), tensor.getInfo());
      output.put("parameters", Map.of("binary_data_size", bytes.remaining()));
      outputs.add(output);
      tensors.add(bytes);
      size += bytes.remaining();
    }
    byte[] header = mapper.writeValueAsBytes(Map.of("model_name", model, "outputs", outputs));
    ByteBuffer answer = ByteBuffer.allocate(header.length + size).put(header);
    tensors.forEach(answer::put);
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_OCTET_STREAM)
        .header(HeaderNames.HEADER_LENGTH, Integer.toString(header.length))
        .body(answer.array());
  }

  private static Map<String, Object> jsonAnswer(String model, OrtSession.Result result) {
    List<Map<String, Object>> outputs = new ArrayList<>();
    for (Map.Entry<String, OnnxValue> entry : result) {
      OnnxTensor tensor = (OnnxTensor) entry.getValue();
      Map<String, Object> output = describe(entry.getKey(), tensor.getInfo());
      output.put(
          "data",
          tensor.getInfo().type == OnnxJavaType.FLOAT
              ? tensor.getFloatBuffer().array()
              : tensor.getLongBuffer().array());
      outputs.add(output);
    }
    return Map.of("model_name", model, "outputs", outputs);
  }

  private static List<Map<String, Object>> describe(Map<String, NodeInfo> nodes) {
    return nodes.values().stream()
        .map(node -> describe(node.getName(), (TensorInfo) node.getInfo()))
        .toList();
  }

  private static Map<String, Object> describe(String name, TensorInfo info) {
    Map<String, Object> tensor = new LinkedHashMap<>();
    tensor.put("name", name);
    tensor.put("datatype", info.type == OnnxJavaType.FLOAT ? "FP32" : "INT64");
    tensor.put("shape", info.getShape());
    return tensor;
  }
}
