package io.onnxfleet.engine.proof;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a model file and the small things that are known of its constants: what {@link
 * GraphFacts} is concluded from. Subgraphs' nodes stand beside those of the graph, since names are
 * unique in both; functions give their operators alone. Weights are skipped. Immutable.
 *
 * @param nodes those of subgraphs included
 * @param constants by name: initializers, and what nodes of the operator Constant hold
 */
record Graph(List<Node> nodes, Map<String, Constant> constants) {
  /** A constant whose bytes are more than that is not looked into. */
  private static final int MOST_VALUE_BYTES = 1 << 10;

  private static final int LARGEST_NESTING = 32;

  /**
   * An operator with its attributes, as far as anything follows from them.
   *
   * @param numbers attributes that are integers, or lists of them
   * @param texts attributes that are texts, or lists of them
   */
  record Node(
      String domain,
      String operator,
      List<String> inputs,
      List<String> outputs,
      Map<String, List<Long>> numbers,
      Map<String, List<String>> texts) {
    String input(int index) {
      return index < inputs.size() ? inputs.get(index) : "";
    }

    long number(String attribute, long otherwise) {
      List<Long> values = numbers.get(attribute);
      return values == null || values.isEmpty() ? otherwise : values.getFirst();
    }
  }

  /**
   * A tensor of the file.
   *
   * @param value its first element where it is small and of a floating-point type, else null
   */
  record Constant(List<Long> dims, int elementType, @Nullable Double value) {}

  /** Reads a file; what cannot be read is left out, since the runtime judges files. */
  static Graph read(Path modelFile) {
    Reader reader = new Reader();
    try (InputStream file = Files.newInputStream(modelFile)) {
      reader.model(CodedInputStream.newInstance(file, 1 << 16));
    } catch (IOException | RuntimeException unreadable) {
      // What was read so far still holds.
    }
    return new Graph(List.copyOf(reader.nodes), Map.copyOf(reader.constants));
  }

  /** Field numbers are those of ONNX's ModelProto, GraphProto, NodeProto and so on. */
  private static final class Reader {
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Constant> constants = new HashMap<>();

    void model(CodedInputStream in) throws IOException {
      in.setSizeLimit(Integer.MAX_VALUE);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (isMessage(tag, 7)) {
          int outer = enter(in);
          graph(in, 0);
          in.popLimit(outer);
        } else if (isMessage(tag, 25)) {
          int outer = enter(in);
          function(in);
          in.popLimit(outer);
        } else if (!in.skipField(tag)) {
          return;
        }
      }
    }

    private void function(CodedInputStream in) throws IOException {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (isMessage(tag, 7)) {
          Node node = node(in, 0);
          // Its names are the function's own.
          nodes.add(
              new Node(
                  node.domain(),
                  node.operator(),
                  List.of(),
                  List.of(),
                  node.numbers(),
                  node.texts()));
        } else {
          in.skipField(tag);
        }
      }
    }

    private void graph(CodedInputStream in, int nesting) throws IOException {
      if (nesting > LARGEST_NESTING) {
        throw new IOException("nested too deep");
      }
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (isMessage(tag, 1)) {
          nodes.add(node(in, nesting));
        } else if (isMessage(tag, 5)) {
          int outer = enter(in);
          tensor(in, "");
          in.popLimit(outer);
        } else {
          in.skipField(tag);
        }
      }
    }

    private Node node(CodedInputStream in, int nesting) throws IOException {
      int outer = enter(in);
      List<String> inputs = new ArrayList<>();
      List<String> outputs = new ArrayList<>();
      Map<String, List<Long>> numbers = new HashMap<>();
      Map<String, List<String>> texts = new HashMap<>();
      String operator = "";
      String domain = "";
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (isMessage(tag, 1)) {
          inputs.add(text(in));
        } else if (isMessage(tag, 2)) {
          outputs.add(text(in));
        } else if (isMessage(tag, 4)) {
          operator = text(in);
        } else if (isMessage(tag, 7)) {
          domain = text(in);
        } else if (isMessage(tag, 5)) {
          attribute(in, outputs, numbers, texts, nesting);
        } else {
          in.skipField(tag);
        }
      }
      in.popLimit(outer);
      return new Node(
          domain.equals("ai.onnx") ? "" : domain, operator, inputs, outputs, numbers, texts);
    }

    private void attribute(
        CodedInputStream in,
        List<String> outputs,
        Map<String, List<Long>> numbers,
        Map<String, List<String>> texts,
        int nesting)
        throws IOException {
      int outer = enter(in);
      String name = "";
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        int field = WireFormat.getTagFieldNumber(tag);
        if (isMessage(tag, 1)) {
          name = text(in);
        } else if (field == 3) {
          numbers.computeIfAbsent(name, key -> new ArrayList<>()).add(in.readInt64());
        } else if (field == 8) {
          List<Long> list = numbers.computeIfAbsent(name, key -> new ArrayList<>());
          if (isMessage(tag, 8)) {
            int packed = enter(in);
            while (in.getBytesUntilLimit() > 0) {
              list.add(in.readInt64());
            }
            in.popLimit(packed);
          } else {
            list.add(in.readInt64());
          }
        } else if (isMessage(tag, 4) || isMessage(tag, 9)) {
          texts.computeIfAbsent(name, key -> new ArrayList<>()).add(text(in));
        } else if (isMessage(tag, 5)) {
          int tensor = enter(in);
          texts
              .computeIfAbsent(name, key -> new ArrayList<>())
              .addAll(tensor(in, name.equals("value") && !outputs.isEmpty() ? outputs.get(0) : ""));
          in.popLimit(tensor);
        } else if (isMessage(tag, 6) || isMessage(tag, 11)) {
          int graph = enter(in);
          graph(in, nesting + 1);
          in.popLimit(graph);
        } else {
          in.skipField(tag);
        }
      }
      in.popLimit(outer);
    }

    /** Keeps it under its own name, or the one given, and answers the texts that it holds. */
    private List<String> tensor(CodedInputStream in, String givenName) throws IOException {
      String name = givenName;
      List<Long> dims = new ArrayList<>();
      List<String> texts = new ArrayList<>();
      int type = 0;
      Double value = null;
      byte[] raw = null;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (isMessage(tag, 1)) {
          int packed = enter(in);
          while (in.getBytesUntilLimit() > 0) {
            dims.add(in.readInt64());
          }
          in.popLimit(packed);
        } else if (WireFormat.getTagFieldNumber(tag) == 1) {
          dims.add(in.readInt64());
        } else if (WireFormat.getTagFieldNumber(tag) == 2) {
          type = in.readInt32();
        } else if (isMessage(tag, 4)) {
          int packed = enter(in);
          if (in.getBytesUntilLimit() >= Float.BYTES) {
            value = (double) in.readFloat();
          }
          in.skipRawBytes(in.getBytesUntilLimit());
          in.popLimit(packed);
        } else if (isMessage(tag, 6)) {
          texts.add(text(in));
        } else if (isMessage(tag, 8)) {
          String own = text(in);
          name = name.isEmpty() ? own : name;
        } else if (isMessage(tag, 9)) {
          int length = in.readRawVarint32();
          if (length <= MOST_VALUE_BYTES) {
            raw = in.readRawBytes(length);
          } else {
            in.skipRawBytes(length);
          }
        } else {
          in.skipField(tag);
        }
      }
      if (value == null && raw != null && type == 1 && raw.length >= Float.BYTES) {
        value = (double) ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).getFloat();
      }
      if (!name.isEmpty()) {
        constants.put(name, new Constant(List.copyOf(dims), type, value));
      }
      return texts;
    }

    private static int enter(CodedInputStream in) throws IOException {
      return in.pushLimit(in.readRawVarint32());
    }
  }

  /** True if a tag is that of a field of texts, bytes or messages. */
  static boolean isMessage(int tag, int field) {
    return tag == (field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED);
  }

  static String text(CodedInputStream in) throws IOException {
    return new String(in.readByteArray(), StandardCharsets.UTF_8);
  }
}
