package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonGenerator;

/** A tensor's elements as JSON numbers, booleans or strings, flat and row-major. */
final class JsonOutput {
  private static final String BINARY_FORM = "binary data: the output's parameter binary_data: true";

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
    for (int index = 0; data.hasRemaining(); index++) {
      try {
        nextText(data, decoder);
      } catch (CharacterCodingException notText) {
        throw InferenceException.invalidInput(
            "output '%s': element %d is not UTF-8, so JSON does not carry it (expected %s)",
            output.name(), index, BINARY_FORM);
      }
    }
  }

  private static String nextText(ByteBuffer data, CharsetDecoder decoder)
      throws CharacterCodingException {
    int length = data.getInt();
    ByteBuffer element = data.slice(data.position(), length);
    data.position(data.position() + length);
    return decoder.decode(element).toString();
  }

  /** Writes the elements of a tensor that passed {@link #requireExpressible}. */
  static void writeElements(JsonGenerator json, Tensor tensor) {
    ByteBuffer data = tensor.data();
    switch (tensor.dataType()) {
      case FP32 -> {
        while (data.hasRemaining()) {
          json.writeNumber(data.getFloat());
        }
      }
      case FP64 -> {
        while (data.hasRemaining()) {
          json.writeNumber(data.getDouble());
        }
      }
      case BYTES -> writeStrings(json, data);
      case BOOL -> {
        while (data.hasRemaining()) {
          json.writeBoolean(data.get() != 0);
        }
      }
      case UINT64 -> {
        while (data.hasRemaining()) {
          writeUnsigned(json, data.getLong());
        }
      }
      case INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32 -> {
        while (data.hasRemaining()) {
          json.writeNumber(nextInteger(tensor, data));
        }
      }
      case FP16, BF16 -> throw new AssertionError(tensor.dataType());
    }
  }

  private static long nextInteger(Tensor tensor, ByteBuffer data) {
    return switch (tensor.dataType()) {
      case INT8 -> data.get();
      case INT16 -> data.getShort();
      case INT32 -> data.getInt();
      case INT64 -> data.getLong();
      case UINT8 -> Byte.toUnsignedLong(data.get());
      case UINT16 -> Short.toUnsignedLong(data.getShort());
      case UINT32 -> Integer.toUnsignedLong(data.getInt());
      case BOOL, UINT64, FP16, BF16, FP32, FP64, BYTES ->
          throw new AssertionError(tensor.dataType());
    };
  }

  private static void writeUnsigned(JsonGenerator json, long bits) {
    if (bits >= 0) {
      json.writeNumber(bits);
    } else {
      json.writeNumber(new BigInteger(Long.toUnsignedString(bits)));
    }
  }

  private static void writeStrings(JsonGenerator json, ByteBuffer data) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    while (data.hasRemaining()) {
      try {
        json.writeString(nextText(data, decoder));
      } catch (CharacterCodingException notText) {
        throw new AssertionError("the text was checked before", notText);
      }
    }
  }
}
