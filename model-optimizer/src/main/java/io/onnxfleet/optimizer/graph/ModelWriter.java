package io.onnxfleet.optimizer.graph;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.StringStringEntryProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TensorProto.DataLocation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Writes a model; weights go from where they lie straight into the file. */
final class ModelWriter {
  /** Protocol Buffers ends at 2 GiB, and readers want some room. */
  static final long MAX_BYTES_INSIDE = 1_500_000_000L;

  /** Shorter tensors stay inside: shape constants must be there when a model is loaded. */
  private static final int MIN_BYTES_OUTSIDE = 1024;

  /** What ONNX Runtime wants for mapping: the page size of any platform divides it. */
  private static final int ALIGNMENT = 1 << 16;

  private final OnnxModel model;

  ModelWriter(OnnxModel model) {
    this.model = model;
  }

  void write(Path target, long maxBytesInside) {
    Path file = target.toAbsolutePath().normalize();
    Path folder = file.getParent();
    if (folder == null || file.getFileName() == null || Files.isDirectory(file)) {
      throw new OptimizerException(target + " (expected: a file)");
    }
    @Nullable Path temporary = null;
    @Nullable Path temporaryData = null;
    try {
      Files.createDirectories(folder);
      // Refuses a graph that is not whole before anything is written.
      GraphProto graph = model.graph().frame().build();
      Collection<Initializer> initializers = model.graph().initializers();
      // Not the process's id: processes of all containers have the same one.
      String mark = ".%s.%s".formatted(file.getFileName(), UUID.randomUUID());
      temporary = folder.resolve(mark + ".tmp");
      String dataName = file.getFileName() + ".data";
      if (initializers.stream().mapToLong(ModelWriter::bytes).sum() > maxBytesInside) {
        temporaryData = folder.resolve(mark + ".data.tmp");
        initializers = moveOut(initializers, temporaryData, dataName);
      }
      try (FileChannel channel = create(temporary)) {
        write(channel, graph, initializers);
      }
      if (temporaryData != null) {
        move(temporaryData, folder.resolve(dataName));
      }
      move(temporary, file);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(target, failure), failure);
    } finally {
      delete(temporary);
      delete(temporaryData);
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static long bytes(Initializer initializer) {
    return initializer.data().map(ByteBuffer::remaining).orElse(0)
        + (long) initializer.description().getSerializedSize();
  }

  /** The message's fields one by one: Protocol Buffers would want the data in the heap. */
  private void write(FileChannel channel, GraphProto graph, Collection<Initializer> initializers)
      throws IOException {
    long graphBytes = graph.getSerializedSize();
    for (Initializer initializer : initializers) {
      long tensorBytes = tensorBytes(initializer);
      graphBytes += header(GraphProto.INITIALIZER_FIELD_NUMBER, tensorBytes).length + tensorBytes;
    }
    write(channel, ByteBuffer.wrap(model.frame().build().toByteArray()));
    write(channel, ByteBuffer.wrap(header(ModelProto.GRAPH_FIELD_NUMBER, graphBytes)));
    write(channel, ByteBuffer.wrap(graph.toByteArray()));
    for (Initializer initializer : initializers) {
      ByteArrayOutputStream start = new ByteArrayOutputStream();
      start.writeBytes(header(GraphProto.INITIALIZER_FIELD_NUMBER, tensorBytes(initializer)));
      initializer.description().writeTo(start);
      Optional<ByteBuffer> data = initializer.data();
      if (data.isPresent()) {
        start.writeBytes(header(TensorProto.RAW_DATA_FIELD_NUMBER, data.get().remaining()));
      }
      write(channel, ByteBuffer.wrap(start.toByteArray()));
      if (data.isPresent()) {
        write(channel, data.get());
      }
    }
  }

  private static long tensorBytes(Initializer initializer) throws IOException {
    long bytes = initializer.description().getSerializedSize();
    Optional<ByteBuffer> data = initializer.data();
    if (data.isPresent()) {
      int length = data.get().remaining();
      bytes += header(TensorProto.RAW_DATA_FIELD_NUMBER, length).length + length;
    }
    return bytes;
  }

  /** What stands before a field of so many bytes. */
  private static byte[] header(int field, long bytes) throws IOException {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(header);
    coded.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    coded.writeUInt64NoTag(bytes);
    coded.flush();
    return header.toByteArray();
  }

  private static void write(FileChannel channel, ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      channel.write(data);
    }
  }

  /** Writes long data to a file of their own and leaves what points there. */
  private static List<Initializer> moveOut(
      Collection<Initializer> initializers, Path data, String name) throws IOException {
    List<Initializer> pointing = new ArrayList<>(initializers.size());
    try (FileChannel channel = create(data)) {
      long position = 0;
      for (Initializer initializer : initializers) {
        Optional<ByteBuffer> bytes = initializer.data();
        if (bytes.isEmpty() || bytes.get().remaining() < MIN_BYTES_OUTSIDE) {
          pointing.add(initializer);
          continue;
        }
        int length = bytes.get().remaining();
        position = (position + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        channel.position(position);
        write(channel, bytes.get());
        TensorProto description =
            initializer.description().toBuilder()
                .setDataLocation(DataLocation.EXTERNAL)
                .addExternalData(entry("location", name))
                .addExternalData(entry("offset", Long.toString(position)))
                .addExternalData(entry("length", Long.toString(length)))
                .build();
        pointing.add(new Initializer(description, Optional.empty()));
        position += length;
      }
    }
    return pointing;
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void delete(@Nullable Path temporary) {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException _) {
        // What was written is in its place; a left-over is no reason to fail.
      }
    }
  }
}
