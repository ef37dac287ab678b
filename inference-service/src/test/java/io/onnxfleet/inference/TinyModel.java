package io.onnxfleet.inference;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.onnxfleet.engine.tensor.DataType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** ONNX models of a few nodes, written into a model repository. */
final class TinyModel {
  private final Message graph = new Message().text(2, "tiny");

  private TinyModel() {}

  /** y = x for one element type; a dimension that is no number is a variable one of that name. */
  static TinyModel identity(DataType type, String... dims) {
    TinyModel model = new TinyModel();
    model.graph.message(1, node("Identity", "x", "y"));
    return model.input("x", type, dims).output("y", type, dims);
  }

  /** y = a / b, which is NaN for 0 / 0, and z = a + b. */
  static TinyModel quotientAndSum() {
    TinyModel model = new TinyModel();
    model.graph.message(1, node("Div", "a b", "y"));
    model.graph.message(1, node("Add", "a b", "z"));
    return model
        .input("a", DataType.FP32, "rows", "2")
        .input("b", DataType.FP32, "rows", "2")
        .output("y", DataType.FP32, "rows", "2")
        .output("z", DataType.FP32, "rows", "2");
  }

  /**
   * Adds x to itself as often as the scalar input {@code n} says, and so takes as long as asked.
   */
  static TinyModel loop() {
    Message body =
        new Message()
            .text(2, "body")
            .message(1, node("Identity", "going", "going_out"))
            .message(1, node("Add", "sum x", "sum_out"))
            .message(11, value("round", DataType.INT64))
            .message(11, value("going", DataType.BOOL))
            .message(11, value("sum", DataType.FP32, "1"))
            .message(12, value("going_out", DataType.BOOL))
            .message(12, value("sum_out", DataType.FP32, "1"));
    Message attribute = new Message().text(1, "body").message(6, body).number(20, 5);
    TinyModel model = new TinyModel();
    model.graph.message(1, node("Loop", "n going x", "y").message(5, attribute));
    return model
        .input("n", DataType.INT64)
        .input("going", DataType.BOOL)
        .input("x", DataType.FP32, "1")
        .output("y", DataType.FP32, "1");
  }

  private TinyModel input(String name, DataType type, String... dims) {
    graph.message(11, value(name, type, dims));
    return this;
  }

  private TinyModel output(String name, DataType type, String... dims) {
    graph.message(12, value(name, type, dims));
    return this;
  }

  /** Writes version 1 of a model of that name. */
  void writeTo(Path repository, String name) {
    writeTo(repository, name, 1);
  }

  void writeTo(Path repository, String name, int number) {
    Message model =
        new Message()
            .number(1, 8)
            .message(7, graph)
            .message(8, new Message().text(1, "").number(2, 19));
    try {
      Path version = Files.createDirectories(repository.resolve(name).resolve("" + number));
      Files.write(version.resolve("model.onnx"), model.toByteArray());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static Message node(String operator, String inputs, String outputs) {
    Message node = new Message();
    for (String input : inputs.split(" ", -1)) {
      node.text(1, input);
    }
    for (String output : outputs.split(" ", -1)) {
      node.text(2, output);
    }
    return node.text(4, operator);
  }

  private static Message value(String name, DataType type, String... dims) {
    Message shape = new Message();
    for (String dim : dims) {
      boolean fixed = dim.chars().allMatch(Character::isDigit);
      shape.message(
          1, fixed ? new Message().number(1, Long.parseLong(dim)) : new Message().text(2, dim));
    }
    Message tensor = new Message().number(1, OnnxTypes.numberOf(type)).message(2, shape);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  /** A protobuf message put together field by field. */
  private static final class Message {
    private final ByteString.Output bytes = ByteString.newOutput();
    private final CodedOutputStream fields = CodedOutputStream.newInstance(bytes);

    Message number(int field, long value) {
      return written(() -> fields.writeInt64(field, value));
    }

    Message text(int field, String value) {
      return written(() -> fields.writeString(field, value));
    }

    Message message(int field, Message value) {
      return written(() -> fields.writeByteArray(field, value.toByteArray()));
    }

    byte[] toByteArray() {
      written(fields::flush);
      return bytes.toByteString().toByteArray();
    }

    private Message written(Write write) {
      try {
        write.run();
        return this;
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
    }

    private interface Write {
      void run() throws IOException;
    }
  }
}
