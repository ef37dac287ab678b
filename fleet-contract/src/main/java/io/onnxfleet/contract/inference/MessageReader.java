package io.onnxfleet.contract.inference;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one of the protocol's messages. Keys may come in any order; those that are not known are
 * passed over. What decides the content is strict: names, shapes, datatypes, the number of
 * elements, the lengths of binary tensors. Lives for one message.
 */
final class MessageReader {

  private static final JsonRefusal REFUSAL = JsonRefusal.MALFORMED;

  private final byte[] body;
  private final int jsonLength;
  private final JsonScanner json;

  /** Where the next binary tensor begins. */
  private int binaryAt;

  private @Nullable String id;
  private String model = "";
  private String version = "";
  private @Nullable String variant;
  private int priority;
  private long timeoutMicros;
  private boolean binaryOutputs;
  private @Nullable List<Draft> tensors;
  private List<InferRequest.Output> wanted = List.of();

  MessageReader(WireMessage message) {
    body = message.body();
    jsonLength = message.jsonLength();
    json = new JsonScanner(Arrays.copyOf(body, jsonLength + 1), jsonLength, REFUSAL);
    binaryAt = jsonLength;
  }

  /** A tensor of which not everything may be known yet. */
  private static final class Draft {
    @Nullable String name;
    @Nullable Datatype datatype;
    @Nullable List<Long> shape;
    @Nullable ByteSink elements;
    long binarySize = -1;
  }

  InferRequest request() {
    read("inputs", "outputs");
    return new InferRequest(
        id,
        new InferRequest.Parameters(priority, timeoutMicros, binaryOutputs),
        finished("inputs"),
        wanted);
  }

  InferResponse response() {
    read("outputs", null);
    return new InferResponse(model, version, id, variant, finished("outputs"));
  }

  /**
   * Reads the one object that the JSON is.
   *
   * @param tensorKey where the tensors stand
   * @param outputKey where wanted outputs do; null if none are asked for
   */
  private void read(String tensorKey, @Nullable String outputKey) {
    try {
      if (json.atEnd() || json.nextToken() != JsonToken.START_OBJECT) {
        throw REFUSAL.of("the body is no JSON object");
      }
      Set<String> seen = new HashSet<>();
      for (String key = json.nextName(); key != null; key = json.nextName()) {
        if (key.equals(tensorKey)) {
          requireNew(seen, key);
          tensors = array(key, true, this::tensor);
        } else if (key.equals(outputKey)) {
          requireNew(seen, key);
          wanted = array(key, false, this::wanted);
        } else {
          switch (key) {
            case "id" -> id = string(seen, key);
            case "model_name" -> model = String.valueOf(string(seen, key));
            case "model_version" -> version = String.valueOf(string(seen, key));
            case "parameters" -> parameters(seen, key);
            default -> json.skipValue();
          }
        }
      }
      if (!json.atEnd()) {
        throw REFUSAL.of("more behind the JSON object (expected the end)");
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private interface Element<T> {
    T read() throws IOException;
  }

  private <T> List<T> array(String key, boolean required, Element<T> element) throws IOException {
    List<T> elements = new ArrayList<>();
    JsonToken token = json.nextToken();
    if (token == JsonToken.VALUE_NULL && !required) {
      return elements;
    }
    if (token != JsonToken.START_ARRAY) {
      throw REFUSAL.of("'" + key + "' is no array");
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw REFUSAL.of("'" + key + "' holds something else than objects");
      }
      elements.add(element.read());
    }
    return elements;
  }

  private void parameters(Set<String> seen, String key) throws IOException {
    requireNew(seen, key);
    if (!isObject(key)) {
      return;
    }
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      switch (name) {
        case "variant" -> variant = string(new HashSet<>(), name);
        case "priority" -> priority = (int) Math.min(number(name), Integer.MAX_VALUE);
        case "timeout" -> timeoutMicros = number(name);
        case "binary_data_output" -> binaryOutputs = flag(name);
        default -> json.skipValue();
      }
    }
  }

  private Draft tensor() throws IOException {
    Draft draft = new Draft();
    Set<String> seen = new HashSet<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      switch (key) {
        case "name" -> draft.name = string(seen, key);
        case "datatype" ->
            draft.datatype = TensorElements.parse(String.valueOf(string(seen, key)), REFUSAL);
        case "shape" -> {
          requireNew(seen, key);
          draft.shape = shape();
        }
        case "data" -> {
          requireNew(seen, key);
          draft.elements = json.capture(jsonLength);
        }
        case "parameters" -> {
          requireNew(seen, key);
          draft.binarySize = binarySize(key);
        }
        default -> json.skipValue();
      }
    }
    return draft;
  }

  private List<Long> shape() throws IOException {
    if (json.nextToken() != JsonToken.START_ARRAY) {
      throw REFUSAL.of("'shape' is no array");
    }
    List<Long> shape = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (!json.isLong() || json.longValue() < 0) {
        throw REFUSAL.of("shape: " + text() + " (expected integers >= 0)");
      }
      shape.add(json.longValue());
    }
    return shape;
  }

  private long binarySize(String key) throws IOException {
    long size = -1;
    if (isObject(key)) {
      for (String name = json.nextName(); name != null; name = json.nextName()) {
        if (name.equals("binary_data_size")) {
          size = number(name);
        } else {
          json.skipValue();
        }
      }
    }
    return size;
  }

  private InferRequest.Output wanted() throws IOException {
    String name = null;
    Boolean binary = null;
    int classes = 0;
    Set<String> seen = new HashSet<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      if (key.equals("name")) {
        name = string(seen, key);
      } else if (key.equals("parameters") && isObject(key)) {
        for (String inner = json.nextName(); inner != null; inner = json.nextName()) {
          switch (inner) {
            case "binary_data" -> binary = flag(inner);
            case "classification" -> classes = (int) Math.min(number(inner), Integer.MAX_VALUE);
            default -> json.skipValue();
          }
        }
      } else if (!key.equals("parameters")) {
        json.skipValue();
      }
    }
    if (name == null) {
      throw REFUSAL.of("an output without 'name'");
    }
    return new InferRequest.Output(name, binary, classes);
  }

  private List<WireTensor> finished(String key) {
    if (tensors == null) {
      throw REFUSAL.of("no '" + key + "'");
    }
    List<WireTensor> finished = new ArrayList<>(tensors.size());
    Set<String> names = new HashSet<>();
    for (Draft draft : tensors) {
      WireTensor tensor = finished(draft);
      if (!names.add(tensor.name())) {
        throw REFUSAL.of("tensor '" + tensor.name() + "' twice (expected once)");
      }
      finished.add(tensor);
    }
    if (binaryAt != body.length) {
      throw REFUSAL.of("the body goes on behind its last tensor (expected its end)");
    }
    return finished;
  }

  private WireTensor finished(Draft draft) {
    String name = draft.name;
    Datatype datatype = draft.datatype;
    List<Long> shape = draft.shape;
    ByteSink elements = draft.elements;
    if (name == null || datatype == null || shape == null) {
      throw REFUSAL.of("a tensor without 'name', 'datatype' or 'shape'");
    }
    if ((draft.binarySize >= 0) == (elements != null)) {
      throw REFUSAL.of(
          "tensor '" + name + "': not one of 'data' and 'binary_data_size' (expected one)");
    }
    try {
      ByteBuffer data =
          elements == null ? binary(draft.binarySize) : decoded(elements, datatype, shape);
      if (datatype == Datatype.BYTES) {
        requireWellFormed(data.duplicate().order(ByteOrder.LITTLE_ENDIAN), shape);
      } else if (datatype == Datatype.BOOL) {
        requireBooleans(data);
      }
      return new WireTensor(name, datatype, shape, data);
    } catch (IllegalArgumentException | ArithmeticException unfit) {
      throw REFUSAL.of("tensor '" + name + "': " + unfit.getMessage());
    }
  }

  private ByteBuffer binary(long size) {
    if (size > body.length - binaryAt) {
      throw new IllegalArgumentException(
          "binary_data_size: %d (expected: <= %d, what is left of the body)"
              .formatted(size, body.length - binaryAt));
    }
    ByteBuffer data = ByteBuffer.wrap(body, binaryAt, (int) size);
    binaryAt += (int) size;
    return data;
  }

  private static ByteBuffer decoded(ByteSink elements, Datatype datatype, List<Long> shape) {
    if (!datatype.isInJson()) {
      throw new IllegalArgumentException(
          datatype + " data in JSON (expected binary data: it travels in binary only)");
    }
    long expected = WireTensor.elements(shape);
    int size = elements.size();
    JsonScanner json = new JsonScanner(elements.array(), size, REFUSAL);
    try {
      if (datatype == Datatype.BYTES) {
        ByteSink texts = new ByteSink();
        json.stringsTo(texts);
        TensorElements.readTexts(json, expected, shape, REFUSAL);
        return ByteBuffer.wrap(texts.array(), 0, texts.size());
      }
      // An element is a digit and a comma at least: an announced shape alone takes no memory.
      if (expected > size / 2 + 1) {
        throw new IllegalArgumentException(
            "shape: %s has %d elements (expected: <= %d, what the data can hold)"
                .formatted(shape, expected, size / 2 + 1));
      }
      ByteBuffer target =
          ByteBuffer.allocate((int) expected * datatype.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
      TensorElements.read(json, datatype, target, expected, shape, REFUSAL);
      return target.flip();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private static void requireWellFormed(ByteBuffer data, List<Long> shape) {
    long count = 0;
    while (data.remaining() >= Integer.BYTES) {
      int length = data.getInt();
      if (length < 0 || length > data.remaining()) {
        throw new IllegalArgumentException(
            "element %d has %d bytes (expected: 0 to %d)"
                .formatted(count, Integer.toUnsignedLong(length), data.remaining()));
      }
      data.position(data.position() + length);
      count++;
    }
    if (data.hasRemaining() || count != WireTensor.elements(shape)) {
      throw new IllegalArgumentException(
          "%d elements for shape %s (expected %d)"
              .formatted(count, shape, WireTensor.elements(shape)));
    }
  }

  private static void requireBooleans(ByteBuffer data) {
    for (int at = data.position(); at < data.limit(); at++) {
      if ((data.get(at) & ~1) != 0) {
        throw new IllegalArgumentException(
            "BOOL element %d is %d (expected 0 or 1)"
                .formatted(at - data.position(), data.get(at)));
      }
    }
  }

  private boolean isObject(String key) throws IOException {
    JsonToken token = json.nextToken();
    if (token != JsonToken.START_OBJECT && token != JsonToken.VALUE_NULL) {
      throw REFUSAL.of("'" + key + "' is no object");
    }
    return token == JsonToken.START_OBJECT;
  }

  private @Nullable String string(Set<String> seen, String key) throws IOException {
    requireNew(seen, key);
    JsonToken token = json.nextToken();
    if (token == JsonToken.VALUE_NULL) {
      return null;
    }
    if (token != JsonToken.VALUE_STRING) {
      throw REFUSAL.of("'" + key + "' is no string");
    }
    return json.string();
  }

  private long number(String key) throws IOException {
    json.nextToken();
    if (!json.isLong() || json.longValue() < 0) {
      throw REFUSAL.of(key + ": " + text() + " (expected an integer >= 0)");
    }
    return json.longValue();
  }

  private boolean flag(String key) throws IOException {
    JsonToken token = json.nextToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw REFUSAL.of(key + ": " + text() + " (expected true or false)");
    }
    return token == JsonToken.VALUE_TRUE;
  }

  private String text() {
    return json.currentToken().isStructStart() ? "an array or object" : json.string();
  }

  private static void requireNew(Set<String> seen, String key) {
    if (!seen.add(key)) {
      throw REFUSAL.of("key '" + key + "' twice (expected once)");
    }
  }
}
