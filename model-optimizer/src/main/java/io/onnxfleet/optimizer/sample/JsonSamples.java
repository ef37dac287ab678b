package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests as the Open Inference Protocol writes them, {@code {"inputs": [{"name", "datatype",
 * "shape", "data"}]}}: one, an array of them, or one a line. Each is a sample.
 */
final class JsonSamples {
  private final Path file;
  private final List<InputSpec> inputs;

  private JsonSamples(Path file, List<InputSpec> inputs) {
    this.file = file;
    this.inputs = inputs;
  }

  static SampleSet read(Path file, List<InputSpec> inputs) {
    List<List<TensorValue>> samples = new JsonSamples(file, inputs).read();
    if (samples.isEmpty()) {
      throw new OptimizerException(file + ": no samples (expected: an object with inputs)");
    }
    return new SampleSet(samples.size() + " requests in " + file, samples);
  }

  private List<List<TensorValue>> read() {
    List<List<TensorValue>> samples = new ArrayList<>();
    try (InputStream stream = Files.newInputStream(file);
        MappingIterator<JsonNode> roots =
            JsonMapper.builder().build().readerFor(JsonNode.class).readValues(stream)) {
      while (roots.hasNext()) {
        JsonNode root = roots.next();
        if (root.isArray()) {
          for (JsonNode request : root) {
            samples.add(request(request, samples.size()));
          }
        } else {
          samples.add(request(root, samples.size()));
        }
      }
      return samples;
    } catch (IOException | JacksonException unreadable) {
      throw new OptimizerException(
          "%s: no samples can be read (%s)".formatted(file, unreadable.getMessage()), unreadable);
    }
  }

  private List<TensorValue> request(JsonNode request, int number) {
    Map<String, JsonNode> given = new HashMap<>();
    for (JsonNode input : request.path("inputs")) {
      given.put(input.path("name").asString(""), input);
    }
    List<TensorValue> sample = new ArrayList<>();
    for (InputSpec input : inputs) {
      String origin = "%s, request %d".formatted(file, number);
      JsonNode tensor = given.get(input.name());
      if (tensor == null) {
        throw new OptimizerException(
            "%s: inputs %s (expected: '%s' among them)"
                .formatted(origin, given.keySet(), input.name()));
      }
      sample.add(
          new TensorValue(
              input.name(),
              SampleTensors.checked(
                  input,
                  tensor(input, tensor, origin + ", input '" + input.name() + "'"),
                  origin)));
    }
    return sample;
  }

  private static Tensor tensor(InputSpec input, JsonNode json, String origin) {
    ElementType type = SampleTensors.requireType(input, origin);
    String declared = json.path("datatype").asString("");
    if (!declared.equals(protocolName(type))) {
      throw new OptimizerException(
          "%s: datatype '%s' (expected: %s)".formatted(origin, declared, protocolName(type)));
    }
    List<JsonNode> elements = new ArrayList<>();
    flatten(json.path("data"), elements);
    long[] shape = new long[json.path("shape").size()];
    long count = 1;
    for (int axis = 0; axis < shape.length; axis++) {
      shape[axis] = json.path("shape").get(axis).asLong(-1);
      count *= shape[axis];
    }
    if (count != elements.size()) {
      throw new OptimizerException(
          "%s: %d elements (expected: %d for shape %s)"
              .formatted(origin, elements.size(), count, json.path("shape")));
    }
    ByteBuffer data = Tensor.allocate((long) elements.size() * type.bytes());
    for (JsonNode element : elements) {
      if (element.isIntegralNumber() && type == ElementType.INT64 && element.canConvertToLong()) {
        data.putLong(element.asLong());
      } else if (element.isNumber() || element.isBoolean()) {
        double number = element.isBoolean() ? (element.asBoolean() ? 1 : 0) : element.asDouble();
        SampleTensors.put(data, type, number, origin);
      } else {
        throw new OptimizerException("%s: %s (expected: numbers)".formatted(origin, element));
      }
    }
    return Tensor.of(type, data.flip(), shape);
  }

  private static void flatten(JsonNode data, List<JsonNode> elements) {
    for (JsonNode element : data) {
      if (element.isArray()) {
        flatten(element, elements);
      } else {
        elements.add(element);
      }
    }
  }

  private static String protocolName(ElementType type) {
    return switch (type) {
      case FLOAT -> "FP32";
      case DOUBLE -> "FP64";
      case FLOAT16 -> "FP16";
      case BFLOAT16 -> "BF16";
      case INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, BOOL -> type.name();
    };
  }
}
