package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.GraphPorts.Port;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what an open session declares of itself. Not thread-safe; lives for one reading. */
final class PortsReader {
  private final OrtEnvironment environment;
  private final OrtApi api;
  private final MemorySegment session;
  private final Arena names;
  private final TypeReader types;
  private final MemorySegment out;

  /**
   * A reader of one session.
   *
   * @param names where the names are kept for later
   * @param scratch where the rest goes
   */
  PortsReader(OrtEnvironment environment, MemorySegment session, Arena names, Arena scratch) {
    this.environment = environment;
    this.api = environment.api();
    this.session = session;
    this.names = names;
    types = new TypeReader(api, scratch);
    out = scratch.allocate(ADDRESS, 2);
  }

  /**
   * All inputs and outputs.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if one cannot be served
   */
  GraphPorts read() {
    Map<String, Port> inputs = new LinkedHashMap<>();
    List<TensorSpec> inputSpecs = new ArrayList<>();
    long inputCount = count(OrtFunction.SESSION_GET_INPUT_COUNT);
    for (long index = 0; index < inputCount; index++) {
      Port input =
          port(
              "input",
              index,
              OrtFunction.SESSION_GET_INPUT_NAME,
              OrtFunction.SESSION_GET_INPUT_TYPE_INFO);
      refuseMap(input);
      if (inputs.putIfAbsent(input.name(), input) != null) {
        throw refused("two inputs are named '%s'".formatted(input.name()));
      }
      inputSpecs.add(input.type().spec(input.name(), false));
    }
    readInitializers(inputs, inputSpecs);
    Map<String, Port> outputs = new LinkedHashMap<>();
    List<TensorSpec> outputSpecs = new ArrayList<>();
    long outputCount = count(OrtFunction.SESSION_GET_OUTPUT_COUNT);
    for (long index = 0; index < outputCount; index++) {
      Port output =
          port(
              "output",
              index,
              OrtFunction.SESSION_GET_OUTPUT_NAME,
              OrtFunction.SESSION_GET_OUTPUT_TYPE_INFO);
      // A graph may list one tensor twice; it is the same tensor then.
      if (outputs.putIfAbsent(output.name(), output) == null) {
        outputSpecs.add(output.type().spec(output.name(), false));
      }
    }
    if (outputs.isEmpty()) {
      throw refused("no outputs (expected at least one)");
    }
    ModelSignature signature = new ModelSignature(inputSpecs, outputSpecs, metadata());
    return new GraphPorts(inputs, outputs, signature);
  }

  /** Adds the initializers that a request may override; one of a type not served just stays. */
  private void readInitializers(Map<String, Port> inputs, List<TensorSpec> inputSpecs) {
    long initializerCount = count(OrtFunction.SESSION_GET_OVERRIDABLE_INITIALIZER_COUNT);
    for (long index = 0; index < initializerCount; index++) {
      Port initializer;
      try {
        initializer =
            port(
                "input",
                index,
                OrtFunction.SESSION_GET_OVERRIDABLE_INITIALIZER_NAME,
                OrtFunction.SESSION_GET_OVERRIDABLE_INITIALIZER_TYPE_INFO);
      } catch (InferenceException notServed) {
        continue;
      }
      if (inputs.putIfAbsent(initializer.name(), initializer) == null) {
        inputSpecs.add(initializer.type().spec(initializer.name(), true));
      }
    }
  }

  private Port port(String kind, long index, OrtFunction nameFunction, OrtFunction typeFunction) {
    api.call(nameFunction, session, index, environment.allocator(), out);
    byte[] name = takeString(out.get(ADDRESS, 0));
    if (name.length == 0) {
      throw refused("%s %d has no name".formatted(kind, index));
    }
    String text = new String(name, StandardCharsets.UTF_8);
    MemorySegment nativeName = names.allocate(name.length + 1L);
    MemorySegment.copy(name, 0, nativeName, JAVA_BYTE, 0, name.length);
    api.call(typeFunction, session, index, out);
    OnnxType type = types.read("%s '%s'".formatted(kind, text), out.get(ADDRESS, 0));
    return new Port(text, nativeName, type);
  }

  private Map<String, String> metadata() {
    api.call(OrtFunction.SESSION_GET_MODEL_METADATA, session, out);
    MemorySegment metadata = out.get(ADDRESS, 0);
    try {
      MemorySegment count = out.asSlice(ADDRESS.byteSize());
      api.call(OrtFunction.METADATA_GET_CUSTOM_KEYS, metadata, environment.allocator(), out, count);
      long keyCount = count.get(JAVA_LONG, 0);
      MemorySegment keys = out.get(ADDRESS, 0);
      if (OrtApi.isNull(keys)) {
        return Map.of();
      }
      return metadata(metadata, OrtApi.sized(keys, keyCount * ADDRESS.byteSize()), keyCount);
    } finally {
      api.release(OrtFunction.RELEASE_MODEL_METADATA, metadata);
    }
  }

  private Map<String, String> metadata(MemorySegment metadata, MemorySegment keys, long count) {
    Map<String, String> pairs = new LinkedHashMap<>();
    try {
      for (long index = 0; index < count; index++) {
        MemorySegment key = keys.getAtIndex(ADDRESS, index);
        api.call(OrtFunction.METADATA_LOOKUP_CUSTOM, metadata, environment.allocator(), key, out);
        MemorySegment value = out.get(ADDRESS, 0);
        if (!OrtApi.isNull(value)) {
          pairs.put(OrtApi.string(key), new String(takeString(value), StandardCharsets.UTF_8));
        }
      }
      return pairs;
    } finally {
      for (long index = 0; index < count; index++) {
        environment.free(keys.getAtIndex(ADDRESS, index));
      }
      environment.free(keys);
    }
  }

  private long count(OrtFunction function) {
    api.call(function, session, out);
    return out.get(JAVA_LONG, 0);
  }

  private byte[] takeString(MemorySegment string) {
    try {
      return OrtApi.cString(string);
    } finally {
      environment.free(string);
    }
  }

  private static void refuseMap(Port input) {
    OnnxType type =
        input.type() instanceof OnnxType.OptionalType optional ? optional.content() : input.type();
    if (type instanceof OnnxType.MapType) {
      throw refused(
          "input '%s' is a map (expected a tensor or a sequence of tensors)"
              .formatted(input.name()));
    }
  }

  private static InferenceException refused(String message) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, message);
  }
}
