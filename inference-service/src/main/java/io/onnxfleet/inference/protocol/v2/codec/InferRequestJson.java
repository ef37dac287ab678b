package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.inference.protocol.http.BodyInput;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/**
 * The JSON object of an infer request, read key by key in whatever order they come. Holds what was
 * read; {@link #close()} gives up the tensors that nobody took. Not thread-safe.
 */
final class InferRequestJson implements AutoCloseable {
  /** A model has hundreds of inputs at most; each one costs memory. */
  private static final int MAX_TENSORS = 4096;

  private static final int MAX_RANK = 64;

  private final BufferPool pool;
  private final BodyInput body;
  private final List<InputDraft> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Boolean> binaryByName = new HashMap<>();
  private final RequestParameters parameters = new RequestParameters();
  private @Nullable String id;

  InferRequestJson(BufferPool pool, BodyInput body) {
    this.pool = pool;
    this.body = body;
  }

  @Nullable String id() {
    return id;
  }

  List<InputDraft> inputs() {
    return inputs;
  }

  List<String> outputs() {
    return outputs;
  }

  RequestParameters parameters() {
    return parameters;
  }

  OutputForms forms() {
    return new OutputForms(parameters.binaryOutputs(), binaryByName);
  }

  /** Reads the one object that the source is, to the source's end. */
  void read(JsonScanner json) throws IOException {
    if (json.atEnd() || json.nextToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "the body is %s (expected a JSON object)", describe(json.currentToken()));
    }
    Set<String> seen = new HashSet<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      requireNew(seen, key, "the request");
      JsonToken value = json.nextToken();
      switch (key) {
        case "inputs" -> readInputs(json);
        case "outputs" -> readOutputs(json);
        case "id" -> id = value == JsonToken.VALUE_NULL ? null : text(json, "id");
        case "parameters" -> parameters.read(json);
        default -> throw unknown(key, "the request", "one of id, parameters, inputs, outputs");
      }
    }
    if (!seen.contains("inputs")) {
      throw InferenceException.invalidInput("no 'inputs'");
    }
    if (!json.atEnd()) {
      throw InferenceException.invalidInput(
          "%s behind the JSON object (expected the end)", describe(json.nextToken()));
    }
  }

  private void readInputs(JsonScanner json) throws IOException {
    requireArray(json, "inputs");
    Set<String> names = new HashSet<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      requireObject(json, "inputs");
      requireBelow(inputs.size(), "inputs");
      InputDraft draft = new InputDraft(pool, body);
      inputs.add(draft);
      try {
        readInput(json, draft);
        draft.complete();
      } catch (InferenceException failure) {
        throw draft.named(failure, inputs.size() - 1);
      }
      String name = draft.name();
      if (name == null) {
        throw InferenceException.invalidInput("input #%d: no 'name'", inputs.size() - 1);
      }
      if (!names.add(name)) {
        throw InferenceException.invalidInput(
            "input '%s' twice (expected once)", Json.shortened(name));
      }
    }
  }

  private static void readInput(JsonScanner json, InputDraft draft) throws IOException {
    Set<String> seen = new HashSet<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      requireNew(seen, key, "the input");
      JsonToken value = json.nextToken();
      switch (key) {
        case "name" -> draft.name(text(json, key));
        case "shape" -> draft.shape(shape(json));
        case "datatype" -> draft.dataType(DataType.parse(text(json, key)));
        case "data" -> draft.data(json);
        case "parameters" -> {
          if (value != JsonToken.VALUE_NULL) {
            readInputParameters(json, draft);
          }
        }
        default ->
            throw unknown(key, "the input", "one of name, shape, datatype, parameters, data");
      }
    }
  }

  private static void readInputParameters(JsonScanner json, InputDraft draft) throws IOException {
    Parameters.forEach(
        json,
        "the input's parameters",
        name -> {
          if (name.equals("binary_data_size")) {
            draft.binarySize(Parameters.nonNegative(json, name));
          } else if (name.startsWith("shared_memory_")) {
            throw sharedMemory();
          }
        });
  }

  private void readOutputs(JsonScanner json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    requireArray(json, "outputs");
    Set<String> names = new HashSet<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      requireObject(json, "outputs");
      requireBelow(outputs.size(), "outputs");
      String name = readOutput(json);
      if (!names.add(name)) {
        throw InferenceException.invalidInput(
            "output '%s' twice (expected once)", Json.shortened(name));
      }
      outputs.add(name);
    }
  }

  private String readOutput(JsonScanner json) throws IOException {
    Set<String> seen = new HashSet<>();
    String name = null;
    Boolean[] binary = {null};
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      requireNew(seen, key, "the output");
      JsonToken value = json.nextToken();
      switch (key) {
        case "name" -> name = text(json, key);
        case "parameters" -> {
          if (value != JsonToken.VALUE_NULL) {
            readOutputParameters(json, binary);
          }
        }
        default -> throw unknown(key, "the output", "one of name, parameters");
      }
    }
    if (name == null) {
      throw InferenceException.invalidInput("output #%d: no 'name'", outputs.size());
    }
    if (binary[0] != null) {
      binaryByName.put(name, binary[0]);
    }
    return name;
  }

  private static void readOutputParameters(JsonScanner json, @Nullable Boolean[] binary)
      throws IOException {
    Parameters.forEach(
        json,
        "the output's parameters",
        name -> {
          if (name.equals("binary_data")) {
            binary[0] = Parameters.bool(json, name);
          } else if (name.startsWith("shared_memory_")) {
            throw sharedMemory();
          } else if (name.equals("classification") && Parameters.nonNegative(json, name) > 0) {
            throw new InferenceException(
                ErrorCode.UNSUPPORTED_FEATURE,
                "output parameter 'classification' is not served (ask for the output itself)");
          }
        });
  }

  private static Shape shape(JsonScanner json) throws IOException {
    requireArray(json, "shape");
    long[] dims = new long[8];
    int rank = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (rank == MAX_RANK) {
        throw InferenceException.invalidInput("shape: more than %d dimensions", MAX_RANK);
      }
      if (rank == dims.length) {
        dims = Arrays.copyOf(dims, MAX_RANK);
      }
      dims[rank++] = Parameters.nonNegative(json, "shape");
    }
    return Shape.of(Arrays.copyOf(dims, rank));
  }

  private static String text(JsonScanner json, String key) {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw InferenceException.invalidInput(
          "'%s' is %s (expected a string)", key, describe(json.currentToken()));
    }
    return json.string();
  }

  static void requireNew(Set<String> seen, String key, String where) {
    if (!seen.add(key)) {
      throw InferenceException.invalidInput(
          "key '%s' twice in %s (expected once)", Json.shortened(key), where);
    }
  }

  private static InferenceException unknown(String key, String where, String expected) {
    return InferenceException.invalidInput(
        "unknown key '%s' in %s (expected %s)", Json.shortened(key), where, expected);
  }

  private static InferenceException sharedMemory() {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_FEATURE,
        "shared memory is not served (send the tensor in the body, as JSON or in binary)");
  }

  private static void requireArray(JsonScanner json, String key) {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw InferenceException.invalidInput(
          "'%s' is %s (expected an array)", key, describe(json.currentToken()));
    }
  }

  private static void requireObject(JsonScanner json, String key) {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "'%s' holds %s (expected objects)", key, describe(json.currentToken()));
    }
  }

  private static void requireBelow(int count, String key) {
    if (count >= MAX_TENSORS) {
      throw InferenceException.invalidInput("%s: more than %d", key, MAX_TENSORS);
    }
  }

  static String describe(JsonToken token) {
    return switch (token) {
      case NOT_AVAILABLE -> "empty";
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "an array";
      case VALUE_STRING, PROPERTY_NAME -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      default -> "something else";
    };
  }

  @Override
  public void close() {
    inputs.forEach(InputDraft::close);
  }
}
