package io.onnxfleet.engine.text.pooling;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads small files of weights in the safetensors format: the length of a JSON header, the header,
 * and the tensors' bytes. Strict: every tensor lies within the file, and is as long as its shape
 * and type say.
 */
final class Safetensors {
  /** Of a file. */
  static final int MOST_BYTES = 512 << 20;

  private static final long MOST_HEADER_BYTES = 1 << 20;
  private static final int LENGTH_BYTES = 8;
  private static final int MOST_DIMENSIONS = 8;

  private Safetensors() {}

  /** A tensor, as single precision. */
  @SuppressWarnings("ArrayRecordComponent") // megabytes that nobody writes
  record Tensor(int[] shape, float[] values) {}

  /**
   * All tensors of a file.
   *
   * @throws IOException that says what is wrong with it
   */
  static Map<String, Tensor> read(byte[] file) throws IOException {
    if (file.length < LENGTH_BYTES) {
      throw new IOException(
          "%d bytes (expected: %d to %d)".formatted(file.length, LENGTH_BYTES, MOST_BYTES));
    }
    ByteBuffer data = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    try {
      long headerLength = data.getLong();
      if (headerLength < 2 || headerLength > MOST_HEADER_BYTES || headerLength > data.remaining()) {
        throw new IOException(
            "a header of %d bytes (expected: 2 to %d, within the file)"
                .formatted(headerLength, MOST_HEADER_BYTES));
      }
      byte[] header = new byte[(int) headerLength];
      data.get(header);
      return tensors(new String(header, StandardCharsets.UTF_8), data.slice());
    } catch (RuntimeException malformed) {
      throw new IOException("a malformed header: " + malformed.getMessage(), malformed);
    }
  }

  private static Map<String, Tensor> tensors(String header, ByteBuffer body) throws IOException {
    Map<String, Tensor> tensors = new HashMap<>();
    for (Map.Entry<String, JsonElement> entry :
        JsonParser.parseString(header).getAsJsonObject().entrySet()) {
      if (!entry.getKey().equals("__metadata__")) {
        tensors.put(
            entry.getKey(), tensor(entry.getKey(), entry.getValue().getAsJsonObject(), body));
      }
    }
    return tensors;
  }

  private static Tensor tensor(String name, JsonObject described, ByteBuffer body)
      throws IOException {
    JsonArray dims = described.getAsJsonArray("shape");
    if (dims.size() > MOST_DIMENSIONS) {
      throw new IOException("%s: %d dimensions".formatted(name, dims.size()));
    }
    int[] shape = new int[dims.size()];
    long count = 1;
    for (int index = 0; index < shape.length; index++) {
      shape[index] = dims.get(index).getAsInt();
      count = Math.multiplyExact(count, (long) shape[index]);
      if (shape[index] < 0) {
        throw new IOException("%s: a dimension of %d".formatted(name, shape[index]));
      }
    }
    JsonArray offsets = described.getAsJsonArray("data_offsets");
    long begin = offsets.get(0).getAsLong();
    long end = offsets.get(1).getAsLong();
    String type = described.get("dtype").getAsString();
    int width =
        switch (type) {
          case "F64" -> 8;
          case "F32" -> 4;
          case "F16", "BF16" -> 2;
          default ->
              throw new IOException(
                  "%s: dtype %s (expected F64, F32, F16 or BF16)".formatted(name, type));
        };
    if (begin < 0 || end < begin || end > body.limit() || end - begin != count * width) {
      throw new IOException(
          "%s: bytes %d to %d (expected %d of them within %d)"
              .formatted(name, begin, end, count * width, body.limit()));
    }
    ByteBuffer bytes = body.slice((int) begin, (int) (end - begin)).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[(int) count];
    for (int index = 0; index < values.length; index++) {
      values[index] =
          switch (type) {
            case "F64" -> (float) bytes.getDouble();
            case "F32" -> bytes.getFloat();
            case "F16" -> Float.float16ToFloat(bytes.getShort());
            default -> Float.intBitsToFloat(bytes.getShort() << 16);
          };
    }
    return new Tensor(shape, values);
  }
}
