package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
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

/**
 * The JSON object of an infer request, read key by key in whatever order they come. Keys that are
 * not known are passed over: clients send more than what a server needs. Holds what was read;
 * {@link #close()} gives up the tensors that nobody took. Not thread-safe.
 */
final class InferRequestJson implements AutoCloseable {
  /** A model has hundreds of inputs at most; each one costs memory. */
  private static final int MAX_TENSORS = 4096;

  private static final int MAX_RANK = 64;

  private static final Set<String> REQUEST_KEYS = Set.of("id", "parameters", "inputs", "outputs");
  private static final Set<String> INPUT_KEYS =
      Set.of("name", "shape", "datatype", "parameters", "data");
  private static final Set<String> OUTPUT_KEYS = Set.of("name", "parameters");

  private final BufferPool pool;
  private final BodyInput body;
  private final List<InputDraft> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Boolean> binaryByName = new HashMap<>();
  private final Map<String, Integer> classesByName = new HashMap<>();
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
    return new OutputForms(parameters.binaryOutputs(), binaryByName, classesByName);
  }

  /** Reads the one object that the source is, to the source's end. */
  void read(JsonScanner json) throws IOException {
    if (json.atEnd() || json.nextToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "the body is %s (expected a JSON object)", describe(json.currentToken()));
    }
    Set<String> seen = new HashSet<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      if (!REQUEST_KEYS.contains(key)) {
        json.skipValue();
        continue;
      }
      requireNew(seen, key, "the request");
      JsonToken value = json.nextToken();
      switch (key) {
        case "inputs" -> readInputs(json);
        case "outputs" -> readOutputs(json);
        case "id" -> id = value == JsonToken.VALUE_NULL ? null : text(json, "id");
        case "parameters" -> parameters.read(json);
        default -> throw new AssertionError(key);
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
      if (!INPUT_KEYS.contains(key)) {
        json.skipValue();
        continue;
      }
      requireNew(seen, key, "the input");
      if (key.equals("data")) {
        draft.data(json);
        continue;
      }
      JsonToken value = json.nextToken();
      switch (key) {
        case "name" -> draft.name(text(json, key));
        case "shape" -> draft.shape(shape(json));
        case "datatype" -> draft.dataType(DataType.parse(text(json, key)));
        case "parameters" -> {
          if (value != JsonToken.VALUE_NULL) {
            readInputParameters(json, draft);
          }
        }
        default -> throw new AssertionError(key);
      }
    }
  }

  private static void readInputParameters(JsonScanner json, InputDraft draft) throws IOException {
    Parameters.forEach(
        json,
        "the input's parameters",
        name -> name.equals("binary_data_size") || isSharedMemory(name),
        name -> {
          if (isSharedMemory(name)) {
            throw sharedMemory();
          }
          draft.binarySize(Parameters.nonNegative(json, name));
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
    OutputDraft draft = new OutputDraft();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      if (!OUTPUT_KEYS.contains(key)) {
        json.skipValue();
        continue;
      }
      requireNew(seen, key, "the output");
      JsonToken value = json.nextToken();
      if (key.equals("name")) {
        name = text(json, key);
      } else if (value != JsonToken.VALUE_NULL) {
        readOutputParameters(json, draft);
      }
    }
    if (name == null) {
      throw InferenceException.invalidInput("output #%d: no 'name'", outputs.size());
    }
    if (draft.binary != null) {
      binaryByName.put(name, draft.binary);
    }
    if (draft.classes > 0) {
      classesByName.put(name, draft.classes);
    }
    return name;
  }

  private static final class OutputDraft {
    private @Nullable Boolean binary;
    private int classes;
  }

  private static void readOutputParameters(JsonScanner json, OutputDraft draft) throws IOException {
    Parameters.forEach(
        json,
        "the output's parameters",
        name -> name.equals("binary_data") || name.equals("classification") || isSharedMemory(name),
        name -> {
          switch (name) {
            case "binary_data" -> draft.binary = Parameters.bool(json, name);
            case "classification" -> {
              long classes = Parameters.nonNegative(json, name);
              if (classes > Integer.MAX_VALUE) {
                throw InferenceException.invalidInput(
                    "classification: %d (expected: <= the classes that there are)", classes);
              }
              draft.classes = (int) classes;
            }
            default -> throw sharedMemory();
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

  private static boolean isSharedMemory(String parameter) {
    return parameter.startsWith("shared_memory_");
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
    };
  }

  @Override
  public void close() {
    inputs.forEach(InputDraft::close);
  }
}
