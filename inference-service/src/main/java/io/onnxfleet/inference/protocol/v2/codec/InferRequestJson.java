package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.inference.protocol.http.BodyInput;
import io.onnxfleet.inference.protocol.http.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
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
  void read(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "the body is %s (expected a JSON object)", describe(parser.currentToken()));
    }
    Set<String> seen = new HashSet<>();
    for (String key = parser.nextName(); key != null; key = parser.nextName()) {
      requireNew(seen, key, "the request");
      JsonToken value = parser.nextToken();
      switch (key) {
        case "inputs" -> readInputs(parser);
        case "outputs" -> readOutputs(parser);
        case "id" -> id = value == JsonToken.VALUE_NULL ? null : text(parser, "id");
        case "parameters" -> parameters.read(parser);
        default -> throw unknown(key, "the request", "one of id, parameters, inputs, outputs");
      }
    }
    if (!seen.contains("inputs")) {
      throw InferenceException.invalidInput("no 'inputs'");
    }
    if (parser.nextToken() != null) {
      throw InferenceException.invalidInput(
          "%s behind the JSON object (expected the end)", describe(parser.currentToken()));
    }
  }

  private void readInputs(JsonParser parser) {
    requireArray(parser, "inputs");
    Set<String> names = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      requireObject(parser, "inputs");
      requireBelow(inputs.size(), "inputs");
      InputDraft draft = new InputDraft(pool, body);
      inputs.add(draft);
      try {
        readInput(parser, draft);
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

  private static void readInput(JsonParser parser, InputDraft draft) {
    Set<String> seen = new HashSet<>();
    for (String key = parser.nextName(); key != null; key = parser.nextName()) {
      requireNew(seen, key, "the input");
      JsonToken value = parser.nextToken();
      switch (key) {
        case "name" -> draft.name(text(parser, key));
        case "shape" -> draft.shape(shape(parser));
        case "datatype" -> draft.dataType(DataType.parse(text(parser, key)));
        case "data" -> draft.data(parser);
        case "parameters" -> {
          if (value != JsonToken.VALUE_NULL) {
            readInputParameters(parser, draft);
          }
        }
        default ->
            throw unknown(key, "the input", "one of name, shape, datatype, parameters, data");
      }
    }
  }

  private static void readInputParameters(JsonParser parser, InputDraft draft) {
    Parameters.forEach(
        parser,
        "the input's parameters",
        name -> {
          if (name.equals("binary_data_size")) {
            draft.binarySize(Parameters.nonNegative(parser, name));
          } else if (name.startsWith("shared_memory_")) {
            throw sharedMemory();
          }
        });
  }

  private void readOutputs(JsonParser parser) {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    requireArray(parser, "outputs");
    Set<String> names = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      requireObject(parser, "outputs");
      requireBelow(outputs.size(), "outputs");
      String name = readOutput(parser);
      if (!names.add(name)) {
        throw InferenceException.invalidInput(
            "output '%s' twice (expected once)", Json.shortened(name));
      }
      outputs.add(name);
    }
  }

  private String readOutput(JsonParser parser) {
    Set<String> seen = new HashSet<>();
    String name = null;
    Boolean[] binary = {null};
    for (String key = parser.nextName(); key != null; key = parser.nextName()) {
      requireNew(seen, key, "the output");
      JsonToken value = parser.nextToken();
      switch (key) {
        case "name" -> name = text(parser, key);
        case "parameters" -> {
          if (value != JsonToken.VALUE_NULL) {
            readOutputParameters(parser, binary);
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

  private static void readOutputParameters(JsonParser parser, @Nullable Boolean[] binary) {
    Parameters.forEach(
        parser,
        "the output's parameters",
        name -> {
          if (name.equals("binary_data")) {
            binary[0] = Parameters.bool(parser, name);
          } else if (name.startsWith("shared_memory_")) {
            throw sharedMemory();
          } else if (name.equals("classification") && Parameters.nonNegative(parser, name) > 0) {
            throw new InferenceException(
                ErrorCode.UNSUPPORTED_FEATURE,
                "output parameter 'classification' is not served (ask for the output itself)");
          }
        });
  }

  private static Shape shape(JsonParser parser) {
    requireArray(parser, "shape");
    long[] dims = new long[8];
    int rank = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (rank == MAX_RANK) {
        throw InferenceException.invalidInput("shape: more than %d dimensions", MAX_RANK);
      }
      if (rank == dims.length) {
        dims = Arrays.copyOf(dims, MAX_RANK);
      }
      dims[rank++] = Parameters.nonNegative(parser, "shape");
    }
    return Shape.of(Arrays.copyOf(dims, rank));
  }

  private static String text(JsonParser parser, String key) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw InferenceException.invalidInput(
          "'%s' is %s (expected a string)", key, describe(parser.currentToken()));
    }
    return parser.getString();
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

  private static void requireArray(JsonParser parser, String key) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw InferenceException.invalidInput(
          "'%s' is %s (expected an array)", key, describe(parser.currentToken()));
    }
  }

  private static void requireObject(JsonParser parser, String key) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "'%s' holds %s (expected objects)", key, describe(parser.currentToken()));
    }
  }

  private static void requireBelow(int count, String key) {
    if (count >= MAX_TENSORS) {
      throw InferenceException.invalidInput("%s: more than %d", key, MAX_TENSORS);
    }
  }

  static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "empty";
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
