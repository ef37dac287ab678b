package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * NumPy's arrays: a file {@code .npy} for a model of one input, or an archive {@code .npz} whose
 * arrays bear the inputs' names. The first axis runs over the samples: an array of the input's rank
 * is cut into single rows (or as many as the input wants), one of a rank more into tensors.
 */
final class NumpySamples {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern TYPE = Pattern.compile("'descr':\\s*'([<>|=])([a-z])(\\d+)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order':\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape':\\s*\\(([^)]*)\\)");

  private NumpySamples() {}

  static SampleSet read(Path file, List<InputSpec> inputs) {
    Map<String, Tensor> arrays = new HashMap<>();
    try (InputStream stream = Files.newInputStream(file)) {
      if (file.toString().endsWith(".npz")) {
        ZipInputStream archive = new ZipInputStream(stream);
        for (ZipEntry entry = archive.getNextEntry();
            entry != null;
            entry = archive.getNextEntry()) {
          String name = entry.getName().replaceFirst("\\.npy$", "");
          arrays.put(name, array(archive.readAllBytes(), file + "/" + name));
        }
      } else if (inputs.size() == 1) {
        arrays.put(inputs.getFirst().name(), array(stream.readAllBytes(), String.valueOf(file)));
      } else {
        throw new OptimizerException(
            "%s: one array (expected: an archive .npz of %s)"
                .formatted(file, inputs.stream().map(InputSpec::name).toList()));
      }
    } catch (IOException unreadable) {
      throw new OptimizerException(
          "%s: no samples can be read (%s)".formatted(file, unreadable.getMessage()), unreadable);
    }
    List<List<TensorValue>> samples = new ArrayList<>();
    for (InputSpec input : inputs) {
      Tensor array = arrays.get(input.name());
      if (array == null) {
        throw new OptimizerException(
            "%s: arrays %s (expected: '%s' among them)"
                .formatted(file, arrays.keySet(), input.name()));
      }
      String origin = file + ", input '" + input.name() + "'";
      List<Tensor> parts = cut(input, array, origin);
      if (samples.isEmpty()) {
        parts.forEach(_ -> samples.add(new ArrayList<>()));
      }
      if (parts.size() != samples.size()) {
        throw new OptimizerException(
            "%s: %d samples (expected: %d, as of the other inputs)"
                .formatted(origin, parts.size(), samples.size()));
      }
      for (int index = 0; index < parts.size(); index++) {
        samples.get(index).add(new TensorValue(input.name(), parts.get(index)));
      }
    }
    if (samples.isEmpty()) {
      throw new OptimizerException(file + ": no samples (expected: at least one)");
    }
    return new SampleSet(samples.size() + " samples in " + file, samples);
  }

  private static List<Tensor> cut(InputSpec input, Tensor array, String origin) {
    int rank = input.shape().size();
    boolean stacked = array.rank() == rank + 1;
    if (!stacked && (array.rank() != rank || rank == 0)) {
      throw new OptimizerException(
          "%s: shape %s (expected: rank %d, or %d with the samples first)"
              .formatted(origin, Arrays.toString(array.dimensions()), rank, rank + 1));
    }
    long rows = stacked ? 1 : Math.max(1, input.shape().getFirst());
    long all = array.dimension(0);
    if (all % rows != 0) {
      throw new OptimizerException(
          "%s: %d rows (expected: a multiple of %d)".formatted(origin, all, rows));
    }
    long[] shape = array.dimensions();
    shape[0] = rows;
    long[] ownShape = stacked ? Arrays.copyOfRange(shape, 1, shape.length) : shape;
    int bytes = all == 0 ? 0 : Math.toIntExact(array.bytes() / all * rows);
    ElementType type = SampleTensors.requireType(input, origin);
    List<Tensor> parts = new ArrayList<>();
    for (int index = 0; index < all / rows; index++) {
      Tensor part = Tensor.of(array.type(), array.data().slice(index * bytes, bytes), ownShape);
      parts.add(SampleTensors.checked(input, as(type, part, origin), origin));
    }
    return parts;
  }

  /** NumPy computes in FP64 and INT64 where nobody says otherwise: those become what is wanted. */
  private static Tensor as(ElementType type, Tensor tensor, String origin) {
    boolean wide = tensor.type() == ElementType.DOUBLE || tensor.type() == ElementType.INT64;
    if (type == tensor.type() || !wide) {
      return tensor;
    }
    ByteBuffer from = tensor.data();
    ByteBuffer to = Tensor.allocate(tensor.elements() * type.bytes());
    while (from.hasRemaining()) {
      double number =
          tensor.type() == ElementType.DOUBLE ? from.getDouble() : (double) from.getLong();
      SampleTensors.put(to, type, number, origin);
    }
    return Tensor.of(type, to.flip(), tensor.dimensions());
  }

  /** An array as NumPy's format 1, 2 or 3 has it. */
  static Tensor array(byte[] bytes, String origin) {
    if (bytes.length < 12 || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new OptimizerException(origin + ": not a NumPy array");
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean first = bytes[MAGIC.length] == 1;
    int from = first ? 10 : 12;
    int length = first ? Short.toUnsignedInt(buffer.getShort(8)) : buffer.getInt(8);
    if (length < 0 || length > bytes.length - from) {
      throw new OptimizerException(
          "%s: a header of %d bytes (expected: at most %d)"
              .formatted(origin, length, bytes.length - from));
    }
    String header = new String(bytes, from, length, StandardCharsets.UTF_8);
    Matcher type = TYPE.matcher(header);
    Matcher order = ORDER.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    if (!type.find() || !order.find() || !shape.find()) {
      throw new OptimizerException(
          "%s: '%s' (expected: an array of numbers)".formatted(origin, header.strip()));
    }
    if (type.group(1).equals(">") || order.group(1).equals("True")) {
      throw new OptimizerException(
          "%s: '%s' (expected: little-endian, in C order)".formatted(origin, header.strip()));
    }
    long[] dimensions =
        Arrays.stream(shape.group(1).split(","))
            .map(String::strip)
            .filter(text -> !text.isEmpty())
            .mapToLong(Long::parseLong)
            .toArray();
    int data = from + length;
    return Tensor.of(
        element(type.group(2) + type.group(3), origin),
        buffer.slice(data, bytes.length - data),
        dimensions);
  }

  private static ElementType element(String name, String origin) {
    return switch (name) {
      case "f2" -> ElementType.FLOAT16;
      case "f4" -> ElementType.FLOAT;
      case "f8" -> ElementType.DOUBLE;
      case "i1" -> ElementType.INT8;
      case "i2" -> ElementType.INT16;
      case "i4" -> ElementType.INT32;
      case "i8" -> ElementType.INT64;
      case "u1" -> ElementType.UINT8;
      case "u2" -> ElementType.UINT16;
      case "u4" -> ElementType.UINT32;
      case "u8" -> ElementType.UINT64;
      case "b1" -> ElementType.BOOL;
      default ->
          throw new OptimizerException(
              "%s: elements of type '%s' (expected: numbers)".formatted(origin, name));
    };
  }
}
