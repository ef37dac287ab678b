package io.onnxfleet.inference.protocol.v2.codec;

import com.google.errorprone.annotations.CheckReturnValue;
import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.BodyInput;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One element of {@code inputs} while it is read: its keys come in any order. Owns its tensor until
 * {@link #take()}; {@link #close()} gives up what it still owns.
 */
final class InputDraft implements AutoCloseable {
  private static final long NOT_BINARY = -1;

  private final BufferPool pool;
  private final BodyInput body;
  private @Nullable String name;
  private @Nullable DataType dataType;
  private @Nullable Shape shape;

  /** Elements that came before their type or shape was known, as they stand in the body. */
  private @Nullable ByteSink kept;

  private @Nullable Tensor tensor;
  private boolean hasData;
  private long binarySize = NOT_BINARY;

  InputDraft(BufferPool pool, BodyInput body) {
    this.pool = pool;
    this.body = body;
  }

  void name(String value) {
    name = value;
  }

  void dataType(DataType value) {
    dataType = value;
  }

  void shape(Shape value) {
    shape = value;
  }

  void binarySize(long value) {
    binarySize = value;
  }

  /** Takes the next value as this input's elements. */
  void data(JsonScanner json) throws IOException {
    hasData = true;
    long most = json.buffered() + body.remainingAtMost();
    if (dataType != null && shape != null) {
      requireRoom(dataType, shape, most);
      tensor = JsonElements.readNext(json, pool, dataType, shape, most);
    } else {
      kept = json.capture(most);
    }
  }

  /** Checks what was read once the input's object is at its end, and reads what had to wait. */
  void complete() throws IOException {
    DataType type = required(dataType, "datatype");
    Shape given = required(shape, "shape");
    if (binarySize != NOT_BINARY && hasData) {
      throw InferenceException.invalidInput(
          "both 'data' and 'binary_data_size' (expected one of them)");
    }
    if (binarySize != NOT_BINARY) {
      requireBinarySize(type, given);
    } else if (!hasData) {
      throw InferenceException.invalidInput(
          "neither 'data' nor 'binary_data_size' (expected one of them)");
    }
    if (kept != null) {
      requireRoom(type, given, kept.size());
      int size = kept.size();
      JsonScanner json = new JsonScanner(kept.array(), size, InvalidJson.REFUSAL);
      kept = null;
      tensor = JsonElements.readHeld(json, pool, type, given, size);
    }
  }

  /** Reads the binary tensor, if this input is one, from the body's current position. */
  void readBinary() throws IOException {
    if (binarySize == NOT_BINARY) {
      return;
    }
    DataType type = required(dataType, "datatype");
    Shape given = required(shape, "shape");
    if (binarySize > body.remainingAtMost()) {
      throw InferenceException.invalidInput(
          "binary_data_size: %d (expected: <= %d, what is left of the body)",
          binarySize, body.remainingAtMost());
    }
    Tensor read = Tensor.ofByteSize(pool, type, given, binarySize);
    tensor = read;
    fill(read.data());
    requireValid(read);
  }

  private void fill(ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (body.read(target) < 0) {
        throw InferenceException.invalidInput(
            "the body ends after %d of %d binary bytes", target.position(), target.limit());
      }
    }
  }

  /** Checks a binary tensor's elements as far as the type restricts them. */
  static void requireValid(Tensor tensor) {
    if (tensor.dataType() == DataType.BYTES) {
      BytesElements.requireWellFormed(tensor.data(), tensor.shape().elementCount());
    } else if (tensor.dataType() == DataType.BOOL) {
      ByteBuffer data = tensor.data();
      for (int index = 0; index < data.limit(); index++) {
        if ((data.get(index) & ~1) != 0) {
          throw InferenceException.invalidInput(
              "BOOL element %d is %d (expected 0 or 1)", index, data.get(index));
        }
      }
    }
  }

  private void requireBinarySize(DataType type, Shape given) {
    long elements = given.elementCount();
    if (type.isFixedSize()) {
      long expected = Tensor.byteSize(type, given);
      if (binarySize != expected) {
        throw InferenceException.invalidInput(
            "binary_data_size: %d for %s%s (expected %d)", binarySize, type, given, expected);
      }
    } else if (elements > binarySize / Integer.BYTES) {
      throw InferenceException.invalidInput(
          "binary_data_size: %d for BYTES%s (expected: >= 4 bytes an element)", binarySize, given);
    }
  }

  // INVARIANT: memory taken for a tensor <= 8 bytes for each 2 bytes of the body, as an element in
  // JSON is at least a digit and a comma; an announced shape alone costs nothing.
  private static void requireRoom(DataType type, Shape given, long bytes) {
    long most = bytes / 2 + 1;
    if (type.isFixedSize() && given.elementCount() > most) {
      throw InferenceException.invalidInput(
          "shape: %s has %d elements (expected: <= %d, what the rest of the body can hold)",
          given, given.elementCount(), most);
    }
  }

  private static <T> T required(@Nullable T value, String key) {
    if (value == null) {
      throw InferenceException.invalidInput("no '%s'", key);
    }
    return value;
  }

  @Nullable String name() {
    return name;
  }

  /** The same failure, saying which input it is about. */
  @CheckReturnValue
  InferenceException named(InferenceException failure, int position) {
    if (failure.code() != ErrorCode.INVALID_INPUT) {
      return failure;
    }
    String which = name == null ? "#" + position : "'" + Json.shortened(name) + "'";
    return InferenceException.invalidInput("input %s: %s", which, failure.getMessage());
  }

  /** The finished tensor, which is the caller's from now on. */
  NamedTensor take() {
    NamedTensor taken = new NamedTensor(required(name, "name"), required(tensor, "data"));
    tensor = null;
    return taken;
  }

  @Override
  public void close() {
    if (tensor != null) {
      tensor.close();
      tensor = null;
    }
  }
}
