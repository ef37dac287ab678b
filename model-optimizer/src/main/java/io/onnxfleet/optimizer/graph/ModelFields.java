package io.onnxfleet.optimizer.graph;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a model field by field, so that the raw data of its initializers stay where they are. The
 * rest of it is parsed as any message.
 */
final class ModelFields {
  /** The Protocol Buffers library's default, 100, is less than what nested Ifs and Loops need. */
  private static final int MAX_DEPTH = 400;

  private final ByteBuffer file;
  private final ByteArrayOutputStream model = new ByteArrayOutputStream();
  private final ByteArrayOutputStream graph = new ByteArrayOutputStream();
  private final List<Initializer> initializers = new ArrayList<>();

  private boolean hasGraph;

  private ModelFields(ByteBuffer file) {
    this.file = file;
  }

  /**
   * A model apart from its initializers.
   *
   * @param frame all else
   */
  record Parts(ModelProto frame, List<Initializer> initializers) {}

  static Parts read(ByteBuffer file) throws IOException {
    ModelFields fields = new ModelFields(file);
    fields.readModel();
    ModelProto.Builder frame = ModelProto.newBuilder();
    frame.mergeFrom(stream(fields.model.toByteArray()));
    if (fields.hasGraph) {
      GraphProto.Builder graph = GraphProto.newBuilder();
      graph.mergeFrom(stream(fields.graph.toByteArray()));
      frame.setGraph(graph);
    }
    return new Parts(frame.build(), List.copyOf(fields.initializers));
  }

  private static CodedInputStream stream(byte[] bytes) {
    CodedInputStream stream = CodedInputStream.newInstance(bytes);
    stream.setRecursionLimit(MAX_DEPTH);
    return stream;
  }

  private void readModel() throws IOException {
    CodedInputStream stream = CodedInputStream.newInstance(file.duplicate());
    stream.setSizeLimit(Integer.MAX_VALUE);
    while (!stream.isAtEnd()) {
      int start = stream.getTotalBytesRead();
      int tag = stream.readTag();
      if (isMessage(tag, ModelProto.GRAPH_FIELD_NUMBER)) {
        hasGraph = true;
        int limit = stream.pushLimit(stream.readRawVarint32());
        readGraph(stream);
        stream.popLimit(limit);
      } else {
        stream.skipField(tag);
        copy(start, stream.getTotalBytesRead(), model);
      }
    }
  }

  private void readGraph(CodedInputStream stream) throws IOException {
    while (!stream.isAtEnd()) {
      int start = stream.getTotalBytesRead();
      int tag = stream.readTag();
      if (isMessage(tag, GraphProto.INITIALIZER_FIELD_NUMBER)) {
        int limit = stream.pushLimit(stream.readRawVarint32());
        initializers.add(readTensor(stream));
        stream.popLimit(limit);
      } else {
        stream.skipField(tag);
        copy(start, stream.getTotalBytesRead(), graph);
      }
    }
  }

  private Initializer readTensor(CodedInputStream stream) throws IOException {
    ByteArrayOutputStream description = new ByteArrayOutputStream();
    Optional<ByteBuffer> data = Optional.empty();
    while (!stream.isAtEnd()) {
      int start = stream.getTotalBytesRead();
      int tag = stream.readTag();
      if (isMessage(tag, TensorProto.RAW_DATA_FIELD_NUMBER)) {
        int length = stream.readRawVarint32();
        int from = stream.getTotalBytesRead();
        stream.skipRawBytes(length);
        data = Optional.of(file.slice(from, length));
      } else {
        stream.skipField(tag);
        copy(start, stream.getTotalBytesRead(), description);
      }
    }
    return new Initializer(TensorProto.parseFrom(description.toByteArray()), data);
  }

  private static boolean isMessage(int tag, int field) {
    return tag == ((field << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED);
  }

  private void copy(int from, int to, ByteArrayOutputStream target) {
    byte[] bytes = new byte[to - from];
    file.get(from, bytes);
    target.writeBytes(bytes);
  }
}
