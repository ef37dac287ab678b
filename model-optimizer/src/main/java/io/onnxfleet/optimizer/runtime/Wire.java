package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What goes through the pipes between the optimizer and a {@link RuntimeProcess}. Both are of the
 * same build, so that no version is needed. A question is a {@link Question}'s name and what it
 * needs; an answer is {@link #MARK}, true and what belongs to it, or false and the reason.
 */
final class Wire {
  /** Begins each answer: whatever else appears in the pipe is no answer. */
  static final int MARK = 0x0F1EE7AA;

  private static final int CHUNK = 1 << 16;

  /** No type; text, or no tensor at all. */
  private static final int UNTYPED = 0;

  /** What the process is asked to do. */
  enum Question {
    OPEN,
    RUN,
    PREPARE,
    EXERCISE,
    RELEASE,
    CLOSE
  }

  private Wire() {}

  static void writeTensors(DataOutputStream out, List<TensorValue> values) throws IOException {
    out.writeInt(values.size());
    for (TensorValue value : values) {
      Tensor tensor = value.tensor();
      writeText(out, value.name());
      out.writeInt(tensor.type().code());
      out.writeInt(tensor.rank());
      for (long dimension : tensor.dimensions()) {
        out.writeLong(dimension);
      }
      ByteBuffer data = tensor.data();
      out.writeInt(data.remaining());
      byte[] chunk = new byte[Math.min(CHUNK, data.remaining())];
      while (data.hasRemaining()) {
        int length = Math.min(chunk.length, data.remaining());
        data.get(chunk, 0, length);
        out.write(chunk, 0, length);
      }
    }
  }

  static List<TensorValue> readTensors(DataInputStream in) throws IOException {
    int count = in.readInt();
    List<TensorValue> values = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      String name = readText(in);
      ElementType type = ElementType.of(in.readInt()).orElseThrow();
      long[] dimensions = new long[in.readInt()];
      for (int axis = 0; axis < dimensions.length; axis++) {
        dimensions[axis] = in.readLong();
      }
      ByteBuffer data = Tensor.allocate(in.readInt());
      byte[] chunk = new byte[Math.min(CHUNK, data.remaining())];
      while (data.hasRemaining()) {
        int length = Math.min(chunk.length, data.remaining());
        in.readFully(chunk, 0, length);
        data.put(chunk, 0, length);
      }
      values.add(new TensorValue(name, Tensor.of(type, data.flip(), dimensions)));
    }
    return values;
  }

  static void writeInputs(DataOutputStream out, List<InputSpec> inputs) throws IOException {
    out.writeInt(inputs.size());
    for (InputSpec input : inputs) {
      writeText(out, input.name());
      out.writeInt(input.type().map(ElementType::code).orElse(UNTYPED));
      out.writeInt(input.shape().size());
      for (long dimension : input.shape()) {
        out.writeLong(dimension);
      }
    }
  }

  static List<InputSpec> readInputs(DataInputStream in) throws IOException {
    int count = in.readInt();
    List<InputSpec> inputs = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      String name = readText(in);
      Optional<ElementType> type = ElementType.of(in.readInt());
      int rank = in.readInt();
      List<Long> shape = new ArrayList<>();
      for (int axis = 0; axis < rank; axis++) {
        shape.add(in.readLong());
      }
      inputs.add(new InputSpec(name, type, shape));
    }
    return inputs;
  }

  static void writeTypes(DataOutputStream out, Map<String, ElementType> types) throws IOException {
    out.writeInt(types.size());
    for (Map.Entry<String, ElementType> type : types.entrySet()) {
      writeText(out, type.getKey());
      out.writeInt(type.getValue().code());
    }
  }

  static Map<String, ElementType> readTypes(DataInputStream in) throws IOException {
    int count = in.readInt();
    Map<String, ElementType> types = new LinkedHashMap<>();
    for (int index = 0; index < count; index++) {
      types.put(readText(in), ElementType.of(in.readInt()).orElseThrow());
    }
    return types;
  }

  /** Texts may be longer than {@link DataOutputStream#writeUTF} takes. */
  static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static String readText(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
