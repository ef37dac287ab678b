package io.onnxfleet.benchmarks;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model of one row made one of any number: the first dimension of its inputs and outputs becomes
 * variable, and a reshape to one row keeps the rows that it gets. For image classifiers, which
 * treat rows alike. Fields that do not matter to this are copied as they are.
 */
final class BatchedModel {
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int GRAPH_INPUT = 11;
  private static final int GRAPH_OUTPUT = 12;
  private static final int GRAPH_INFERRED = 13;
  private static final int VALUE_NAME = 1;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW_DATA = 9;

  /** From a value to its first dimension: type, tensor, shape, dimension. */
  private static final int[] FIRST_DIMENSION = {2, 1, 2, 1};

  private static final int DIMENSION_NAME = 2;

  private BatchedModel() {}

  /** Writes it as version 1 of the model whose folder is named. */
  static void write(Path file, Path folder) throws IOException {
    byte[] model = Files.readAllBytes(file);
    Path version = Files.createDirectories(folder.resolve("1"));
    Files.write(version.resolve("model.onnx"), batched(model));
  }

  static byte[] batched(byte[] model) throws IOException {
    return rewrite(model, (field, value) -> field == MODEL_GRAPH ? graph(value) : value);
  }

  private static byte[] graph(byte[] graph) throws IOException {
    Set<String> initialized = new HashSet<>();
    var _ =
        rewrite(
            graph,
            (field, value) -> {
              if (field == GRAPH_INITIALIZER) {
                initialized.add(text(value, TENSOR_NAME));
              }
              return value;
            });
    return rewrite(
        graph,
        (field, value) ->
            switch (field) {
              case GRAPH_INPUT, GRAPH_OUTPUT ->
                  initialized.contains(text(value, VALUE_NAME)) ? value : variable(value, 0);
              case GRAPH_INITIALIZER -> keepingRows(value);
              case GRAPH_INFERRED -> null; // of the fixed sizes
              default -> value;
            });
  }

  private static byte[] variable(byte[] message, int depth) throws IOException {
    if (depth == FIRST_DIMENSION.length) {
      ByteArrayOutputStream dimension = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(dimension);
      out.writeString(DIMENSION_NAME, "rows");
      out.flush();
      return dimension.toByteArray();
    }
    boolean[] isDone = new boolean[1];
    return rewrite(
        message,
        (field, value) -> {
          if (field != FIRST_DIMENSION[depth] || isDone[0]) {
            return value;
          }
          isDone[0] = true;
          return variable(value, depth + 1);
        });
  }

  /** A shape of one row and a number of columns: a reshape to 0 rows keeps those that it gets. */
  private static byte[] keepingRows(byte[] tensor) throws IOException {
    return rewrite(
        tensor,
        (field, value) -> {
          ByteBuffer shape = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
          if (field == TENSOR_RAW_DATA && value.length == 16 && shape.getLong(0) == 1) {
            shape.putLong(0, 0);
          }
          return value;
        });
  }

  /** What becomes of a field of bytes, a text or a message; null drops it. */
  private interface Change {
    byte @Nullable [] apply(int field, byte[] value) throws IOException;
  }

  private static byte[] rewrite(byte[] message, Change change) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(message);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      switch (WireFormat.getTagWireType(tag)) {
        case WireFormat.WIRETYPE_VARINT -> out.writeUInt64(field, in.readUInt64());
        case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32(field, in.readFixed32());
        case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64(field, in.readFixed64());
        case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
          byte[] changed = change.apply(field, in.readByteArray());
          if (changed != null) {
            out.writeBytes(field, ByteString.copyFrom(changed));
          }
        }
        default -> throw new IOException("field " + field + " (expected: no group)");
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static String text(byte[] message, int wanted) throws IOException {
    String[] found = {""};
    var _ =
        rewrite(
            message,
            (field, value) -> {
              if (field == wanted) {
                found[0] = ByteString.copyFrom(value).toStringUtf8();
              }
              return value;
            });
    return found[0];
  }
}
