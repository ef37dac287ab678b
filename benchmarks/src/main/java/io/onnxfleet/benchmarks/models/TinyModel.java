package io.onnxfleet.benchmarks.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An ONNX model whose compute is next to nothing, {@code y = x + x} over rows of eight floats: what
 * is measured with it is everything around the model. Written field by field as protobuf has it, so
 * that no file of unknown origin lies in the repository.
 */
public final class TinyModel {
  /** Its name in a model folder. */
  public static final String NAME = "tiny-add";

  /** One that answers as many zeros as it is asked for: what is measured with it is memory. */
  public static final String ZEROS = "zeros";

  private static final int COLUMNS = 8;
  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;
  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  private TinyModel() {}

  /** Writes both, each as version 1 of a model in that folder. */
  public static void write(Path folder) throws IOException {
    write(folder, NAME, bytes());
    write(folder, ZEROS, zeros());
  }

  private static void write(Path folder, String name, byte[] model) throws IOException {
    Path version = Files.createDirectories(folder.resolve(name).resolve("1"));
    Files.write(version.resolve("model.onnx"), model);
  }

  public static byte[] bytes() {
    Message batch = new Message().text(2, "batch");
    Message columns = new Message().number(1, COLUMNS);
    return model(
        new Message()
            .message(1, new Message().text(1, "x").text(1, "x").text(2, "y").text(4, "Add"))
            .text(2, NAME)
            .message(11, tensor("x", FLOAT, batch, columns))
            .message(12, tensor("y", FLOAT, batch, columns)));
  }

  public static byte[] zeros() {
    return model(
        new Message()
            .message(1, new Message().text(1, "n").text(2, "y").text(4, "ConstantOfShape"))
            .text(2, ZEROS)
            .message(11, tensor("n", INT64, new Message().number(1, 1)))
            .message(12, tensor("y", FLOAT, new Message().text(2, "n"))));
  }

  private static byte[] model(Message graph) {
    return new Message()
        .number(1, IR_VERSION)
        .message(7, graph)
        .message(8, new Message().number(2, OPSET))
        .bytes
        .toByteArray();
  }

  private static Message tensor(String name, int elementType, Message... dimensions) {
    Message shape = new Message();
    for (Message dimension : dimensions) {
      shape.message(1, dimension);
    }
    Message type = new Message().number(1, elementType).message(2, shape);
    return new Message().text(1, name).message(2, new Message().message(1, type));
  }

  /** A protobuf message under way; its lengths and numbers are below 128, so one byte each. */
  private static final class Message {
    private static final int LENGTH_DELIMITED = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Message number(int field, int value) {
      write(field << 3);
      write(value);
      return this;
    }

    Message text(int field, String value) {
      return delimited(field, value.getBytes(UTF_8));
    }

    Message message(int field, Message value) {
      return delimited(field, value.bytes.toByteArray());
    }

    private Message delimited(int field, byte[] value) {
      write(field << 3 | LENGTH_DELIMITED);
      write(value.length);
      bytes.writeBytes(value);
      return this;
    }

    private void write(int value) {
      if (value > 127) {
        throw new IllegalStateException(value + " (expected: at most 127)");
      }
      bytes.write(value);
    }
  }
}
