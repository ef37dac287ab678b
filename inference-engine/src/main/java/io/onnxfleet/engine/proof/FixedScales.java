package io.onnxfleet.engine.proof;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model anew with fixed scales in place of those that its activations are quantized by.
 * One scale over all rows of a run makes each row's answer depend on the others; without that, the
 * rest of the model can be looked at by itself. The copy's answers are coarse and good for nothing
 * else.
 *
 * <p>Models whose weights lie in other files are not taken. Stateless.
 */
public final class FixedScales {
  /** Covers -12.8 to 12.7, which is where most activations lie. */
  private static final float SCALE = 0.1f;

  private static final int ZERO = 128;

  // Field numbers of ONNX's messages.
  private static final int GRAPH = 7;
  private static final int NODE = 1;
  private static final int INITIALIZER = 5;
  private static final int DATA_LOCATION = 14;

  private static final int FLOAT = 1;
  private static final int UINT8 = 2;

  private FixedScales() {}

  /** A node to replace, by where it lies in the file, its tag included. */
  private record Quantizer(long begin, long end, List<String> inputs, List<String> outputs) {}

  /** What is known of the file once it was read through. */
  private static final class Found {
    private long graphTag = -1;
    private long graphBegin;
    private long graphEnd;
    private final List<Quantizer> quantizers = new ArrayList<>();
    private boolean external;
  }

  /**
   * Writes the copy.
   *
   * @return false if there is nothing to replace, or it cannot be; nothing is written then
   */
  public static boolean write(Path modelFile, Path target) throws IOException {
    Found found = find(modelFile);
    if (found.external || found.graphTag < 0 || found.quantizers.isEmpty()) {
      return false;
    }
    List<byte[]> replacements = new ArrayList<>();
    long removed = 0;
    long added = 0;
    for (Quantizer quantizer : found.quantizers) {
      byte[] replacement = replacement(quantizer);
      replacements.add(replacement);
      removed += quantizer.end - quantizer.begin;
      added += replacement.length;
    }
    try (FileChannel in = FileChannel.open(modelFile);
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(target))) {
      copy(in, 0, found.graphTag, out);
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      CodedOutputStream coded = CodedOutputStream.newInstance(head);
      coded.writeTag(GRAPH, WireFormat.WIRETYPE_LENGTH_DELIMITED);
      coded.writeUInt64NoTag(found.graphEnd - found.graphBegin - removed + added);
      coded.flush();
      head.writeTo(out);
      long position = found.graphBegin;
      for (int index = 0; index < replacements.size(); index++) {
        copy(in, position, found.quantizers.get(index).begin, out);
        out.write(replacements.get(index));
        position = found.quantizers.get(index).end;
      }
      copy(in, position, in.size(), out);
    }
    return true;
  }

  private static void copy(FileChannel in, long begin, long end, OutputStream out)
      throws IOException {
    out.flush();
    long position = begin;
    var channel = Channels.newChannel(out);
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (position < end) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
      int read = in.read(buffer, position);
      if (read < 0) {
        throw new IOException("the file became shorter while it was copied");
      }
      channel.write(buffer.flip());
      position += read;
    }
  }

  private static Found find(Path modelFile) throws IOException {
    Found found = new Found();
    try (FileInputStream file = new FileInputStream(modelFile.toFile())) {
      CodedInputStream in = CodedInputStream.newInstance(file, 1 << 16);
      in.setSizeLimit(Integer.MAX_VALUE);
      while (true) {
        long begin = in.getTotalBytesRead();
        int tag = in.readTag();
        if (tag == 0) {
          return found;
        }
        if (Graph.isMessage(tag, GRAPH)) {
          int length = in.readRawVarint32();
          found.graphTag = begin;
          found.graphBegin = in.getTotalBytesRead();
          found.graphEnd = found.graphBegin + length;
          int outer = in.pushLimit(length);
          graph(in, found);
          in.popLimit(outer);
        } else if (!in.skipField(tag)) {
          return found;
        }
      }
    }
  }

  private static void graph(CodedInputStream in, Found found) throws IOException {
    while (true) {
      long begin = in.getTotalBytesRead();
      int tag = in.readTag();
      if (tag == 0) {
        return;
      }
      if (Graph.isMessage(tag, NODE)) {
        int outer = in.pushLimit(in.readRawVarint32());
        Quantizer quantizer = quantizer(in, begin);
        in.popLimit(outer);
        if (quantizer != null) {
          found.quantizers.add(quantizer);
        }
      } else if (Graph.isMessage(tag, INITIALIZER)) {
        int outer = in.pushLimit(in.readRawVarint32());
        for (int field = in.readTag(); field != 0; field = in.readTag()) {
          if (WireFormat.getTagFieldNumber(field) == DATA_LOCATION) {
            found.external |= in.readInt32() != 0;
          } else {
            in.skipField(field);
          }
        }
        in.popLimit(outer);
      } else {
        in.skipField(tag);
      }
    }
  }

  private static @Nullable Quantizer quantizer(CodedInputStream in, long begin) throws IOException {
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    String operator = "";
    String domain = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (Graph.isMessage(tag, 1)) {
        inputs.add(Graph.text(in));
      } else if (Graph.isMessage(tag, 2)) {
        outputs.add(Graph.text(in));
      } else if (Graph.isMessage(tag, 4)) {
        operator = Graph.text(in);
      } else if (Graph.isMessage(tag, 7)) {
        domain = Graph.text(in);
      } else {
        in.skipField(tag);
      }
    }
    boolean plain = domain.isEmpty() || domain.equals("ai.onnx");
    return plain && operator.equals("DynamicQuantizeLinear") && outputs.size() == 3
        ? new Quantizer(begin, in.getTotalBytesRead(), inputs, outputs)
        : null;
  }

  /** The node that rounds by a fixed scale, and the scale and its zero as constants. */
  private static byte[] replacement(Quantizer quantizer) throws IOException {
    String scale = quantizer.outputs.get(1);
    String zero = quantizer.outputs.get(2);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeByteArray(NODE, node(quantizer.inputs.getFirst(), scale, zero, quantizer));
    coded.writeByteArray(
        INITIALIZER,
        scalar(
            scale,
            FLOAT,
            ByteBuffer.allocate(Float.BYTES)
                .putInt(Integer.reverseBytes(Float.floatToIntBits(SCALE)))
                .array()));
    coded.writeByteArray(INITIALIZER, scalar(zero, UINT8, new byte[] {(byte) ZERO}));
    coded.flush();
    return out.toByteArray();
  }

  private static byte[] node(String input, String scale, String zero, Quantizer quantizer)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeString(1, input);
    coded.writeString(1, scale);
    coded.writeString(1, zero);
    coded.writeString(2, quantizer.outputs.getFirst());
    coded.writeString(4, "QuantizeLinear");
    coded.flush();
    return out.toByteArray();
  }

  private static byte[] scalar(String name, int type, byte[] raw) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeInt32(2, type);
    coded.writeString(8, name);
    coded.writeByteArray(9, raw);
    coded.flush();
    return out.toByteArray();
  }
}
