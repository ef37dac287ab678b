package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.inference.TensorElements;
import io.onnxfleet.contract.json.JsonWriter;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** A tensor's elements as JSON numbers, booleans or strings, flat and row-major. */
final class JsonOutput {
  private static final String BINARY_FORM = "binary data: the output's parameter binary_data: true";

  /** Characters that are decoded at a time, and dropped again. */
  private static final int DECODED = 256;

  private JsonOutput() {}

  /**
   * Checks that JSON can hold the output.
   *
   * @throws InferenceException naming the binary form if it cannot
   */
  static void requireExpressible(NamedTensor output) {
    ByteBuffer data = output.tensor().data();
    switch (output.tensor().dataType()) {
      case FP16, BF16 ->
          throw InferenceException.invalidInput(
              "output '%s' is %s, which JSON does not carry (expected %s)",
              output.name(), output.tensor().dataType(), BINARY_FORM);
      case FP32 -> {
        for (int at = 0; at < data.limit(); at += Float.BYTES) {
          requireFinite(output, at / Float.BYTES, data.getFloat(at));
        }
      }
      case FP64 -> {
        for (int at = 0; at < data.limit(); at += Double.BYTES) {
          requireFinite(output, at / Double.BYTES, data.getDouble(at));
        }
      }
      case BYTES -> requireText(output, data);
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64 -> {}
    }
  }

  private static void requireFinite(NamedTensor output, int index, double value) {
    if (!Double.isFinite(value)) {
      throw InferenceException.invalidInput(
          "output '%s': element %d is %s, which JSON does not carry (expected %s)",
          output.name(), index, value, BINARY_FORM);
    }
  }

  private static void requireText(NamedTensor output, ByteBuffer data) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    CharBuffer decoded = CharBuffer.allocate(DECODED);
    for (int index = 0; data.hasRemaining(); index++) {
      if (!isText(TensorElements.next(data), decoder.reset(), decoded)) {
        throw InferenceException.invalidInput(
            "output '%s': element %d is not UTF-8, so JSON does not carry it (expected %s)",
            output.name(), index, BINARY_FORM);
      }
    }
  }

  private static boolean isText(ByteBuffer element, CharsetDecoder decoder, CharBuffer decoded) {
    CoderResult result;
    do {
      result = decoder.decode(element, decoded.clear(), true);
    } while (result.isOverflow());
    return !result.isError();
  }

  /** Writes the elements of a tensor that passed {@link #requireExpressible}. */
  static void writeElements(JsonWriter json, Tensor tensor) throws IOException {
    TensorElements.write(json, JsonElements.wire(tensor.dataType()), tensor.data());
  }
}
