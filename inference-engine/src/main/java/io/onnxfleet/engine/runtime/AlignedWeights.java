package io.onnxfleet.engine.runtime;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The places of weights in the file beside an optimised graph.
 *
 * <p>The runtime maps that file and hands the addresses to its kernels as they are. It aligns what
 * has a megabyte or more; the rest, packed weights among it, begins wherever the last ended.
 * Kernels read packed weights by aligned instructions, which end the process at any other address.
 * So what the runtime has written is moved to multiples of {@value #ALIGNMENT}, and nothing is
 * opened of which that cannot be read in the file.
 *
 * <p>Not thread-safe; lives for one file.
 */
final class AlignedWeights {
  /** The longest register; also the length of a line of the processor's cache. */
  static final int ALIGNMENT = 64;

  private static final int PAGE = 4096;
  private static final long LARGE = 1 << 20;
  private static final long MOST_GRAPH_BYTES = 64 << 20;
  private static final String OFFSET = "offset";
  private static final String LENGTH = "length";
  private static final String LOCATION = "location";
  private static final String PACKED = "prepacked_";

  /** Where each piece is now, and how long it is. */
  private final TreeMap<Long, Long> pieces = new TreeMap<>();

  /** Where each piece shall be; where it is if that is not listed. */
  private final Map<Long, Long> moved = new TreeMap<>();

  private AlignedWeights() {}

  /**
   * Moves the weights of a graph.
   *
   * @param weights the file that all of them lie in
   * @throws IOException if the files cannot be read or written, or say something else
   */
  static void align(Path modelFile, Path weights) throws IOException {
    byte[] model = bytesOf(modelFile);
    AlignedWeights places = new AlignedWeights();
    byte[] _ = places.rewritten(model, Message.MODEL);
    if (places.pieces.isEmpty()) {
      return;
    }
    places.move(weights);
    Files.write(modelFile, places.rewritten(model, Message.MODEL));
  }

  /**
   * The first place at which something begins that must not, or empty if there is none.
   *
   * @throws IOException if the graph cannot be read
   */
  static Optional<Long> firstUnaligned(Path modelFile) throws IOException {
    AlignedWeights places = new AlignedWeights();
    byte[] _ = places.rewritten(bytesOf(modelFile), Message.MODEL);
    return places.pieces.keySet().stream().filter(offset -> offset % ALIGNMENT != 0).findFirst();
  }

  private static byte[] bytesOf(Path modelFile) throws IOException {
    long size = Files.size(modelFile);
    if (size > MOST_GRAPH_BYTES) {
      throw new IOException(
          "a graph of %d bytes without its weights (expected: <= %d)"
              .formatted(size, MOST_GRAPH_BYTES));
    }
    return Files.readAllBytes(modelFile);
  }

  private void move(Path weights) throws IOException {
    Path aligned = weights.resolveSibling(weights.getFileName() + ".aligned");
    try (FileChannel from = FileChannel.open(weights);
        FileChannel to =
            FileChannel.open(
                aligned,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      long end = 0;
      long next = 0;
      for (Map.Entry<Long, Long> piece : pieces.entrySet()) {
        long offset = piece.getKey();
        long length = piece.getValue();
        if (offset < end || length < 0 || offset + length > from.size()) {
          throw new IOException(
              "weights of %d bytes at %d (expected: behind %d and within %d)"
                  .formatted(length, offset, end, from.size()));
        }
        end = offset + length;
        int step = length < LARGE ? ALIGNMENT : PAGE;
        next = Math.ceilDiv(next, step) * step;
        moved.put(offset, next);
        copy(from, offset, to.position(next), length);
        next += length;
      }
    }
    Files.move(aligned, weights, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void copy(FileChannel from, long offset, FileChannel to, long length)
      throws IOException {
    long copied = 0;
    while (copied < length) {
      copied += from.transferTo(offset + copied, length - copied, to);
    }
  }

  /** What may hold an external tensor. Fields are those of ONNX's messages. */
  private enum Message {
    MODEL,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    FUNCTION,
    OTHER;

    Message field(int number) {
      return switch (this) {
        case MODEL -> number == 7 ? GRAPH : number == 25 ? FUNCTION : OTHER;
        case GRAPH -> number == 1 ? NODE : number == 5 ? TENSOR : OTHER;
        case FUNCTION -> number == 7 ? NODE : OTHER;
        case NODE -> number == 5 ? ATTRIBUTE : OTHER;
        case ATTRIBUTE ->
            switch (number) {
              case 5, 10 -> TENSOR;
              case 6, 11 -> GRAPH;
              default -> OTHER;
            };
        case TENSOR, OTHER -> OTHER;
      };
    }
  }

  private byte[] rewritten(byte[] message, Message kind) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.length);
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    CodedInputStream in = CodedInputStream.newInstance(message);
    List<String[]> entries = new ArrayList<>();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      boolean isMessage = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
      if (isMessage && kind == Message.TENSOR && field == 13) {
        entries.add(entry(in.readByteArray()));
      } else if (isMessage && kind.field(field) != Message.OTHER) {
        out.writeByteArray(field, rewritten(in.readByteArray(), kind.field(field)));
      } else {
        copy(in, tag, out);
      }
    }
    if (!entries.isEmpty()) {
      for (String[] entry : placed(entries)) {
        out.writeByteArray(13, entryOf(entry));
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static void copy(CodedInputStream in, int tag, CodedOutputStream out) throws IOException {
    int field = WireFormat.getTagFieldNumber(tag);
    switch (WireFormat.getTagWireType(tag)) {
      case WireFormat.WIRETYPE_VARINT -> out.writeUInt64(field, in.readUInt64());
      case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64(field, in.readFixed64());
      case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32(field, in.readFixed32());
      case WireFormat.WIRETYPE_LENGTH_DELIMITED -> out.writeByteArray(field, in.readByteArray());
      default -> throw new IOException("field %d is a group (expected none)".formatted(field));
    }
  }

  private static String[] entry(byte[] message) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(message);
    String[] entry = {"", ""};
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      if (field == 1 || field == 2) {
        entry[field - 1] = in.readString();
      } else {
        in.skipField(tag);
      }
    }
    return entry;
  }

  private static byte[] entryOf(String[] entry) throws IOException {
    ByteString.Output bytes = ByteString.newOutput();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeString(1, entry[0]);
    out.writeString(2, entry[1]);
    out.flush();
    return bytes.toByteString().toByteArray();
  }

  /** The entries of a tensor with its pieces where they shall be. */
  private List<String[]> placed(List<String[]> entries) throws IOException {
    List<String[]> placed = new ArrayList<>();
    long offset = 0;
    long length = -1;
    for (String[] entry : entries) {
      switch (entry[0]) {
        case OFFSET -> offset = number(entry[1]);
        case LENGTH -> length = number(entry[1]);
        case LOCATION -> {
          if (!entry[1].equals(GraphCache.WEIGHTS)) {
            throw new IOException(
                "weights in '%s' (expected '%s')".formatted(entry[1], GraphCache.WEIGHTS));
          }
        }
        default -> {
          if (entry[0].startsWith(PACKED)) {
            placed.add(new String[] {entry[0], packed(entry[1])});
            continue;
          }
        }
      }
      if (!entry[0].equals(OFFSET)) {
        placed.add(entry);
      }
    }
    if (length < 0) {
      throw new IOException("weights of no length (expected one)");
    }
    placed.add(new String[] {OFFSET, Long.toString(placeOf(offset, length))});
    return placed;
  }

  /** A name, and for each piece where it begins, how long it is, and a checksum. */
  private String packed(String value) throws IOException {
    String[] parts = value.split("\\|", -1);
    StringBuilder placed = new StringBuilder(parts[0]);
    for (int part = 1; part < parts.length; part++) {
      String[] piece = parts[part].split(";", -1);
      if (piece.length < 2) {
        throw new IOException(
            "packed weights '%s' (expected offset;length;checksum)".formatted(parts[part]));
      }
      piece[0] = Long.toString(placeOf(number(piece[0]), number(piece[1])));
      placed.append('|').append(String.join(";", piece));
    }
    return placed.toString();
  }

  /** Notes a piece, and says where it shall be. Nothing lies at a piece of no length. */
  private long placeOf(long offset, long length) throws IOException {
    if (length == 0) {
      return 0;
    }
    Long before = pieces.putIfAbsent(offset, length);
    if (before != null && before != length) {
      throw new IOException(
          "weights of %d and of %d bytes at %d (expected one)".formatted(before, length, offset));
    }
    return moved.getOrDefault(offset, offset);
  }

  private static long number(String text) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException noNumber) {
      throw new IOException("'%s' (expected a number)".formatted(text), noNumber);
    }
  }
}
