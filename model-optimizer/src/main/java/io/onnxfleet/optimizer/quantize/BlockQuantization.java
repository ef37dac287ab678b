package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Weights of matrix products as 4-bit or 8-bit integers with a scale and a zero point for each
 * block of a column, for ONNX Runtime's {@code MatMulNBits}. Activations stay FP32, or become 8-bit
 * with a scale for each block of a row: either way a row's answer is the same in any company.
 */
public final class BlockQuantization implements GraphPass {
  private final Options options;

  public BlockQuantization(Options options) {
    this.options = options;
  }

  /**
   * How.
   *
   * @param bits of a weight: 4 or 8
   * @param blockSize how many weights of a column share a scale: a power of two, at least 16
   * @param symmetric whether the zero point always lies in the middle, and so is left out
   * @param exact whether products are computed in FP32; else activations become 8-bit by blocks,
   *     which is faster
   * @param excluded names of nodes that stay as they are
   */
  public record Options(
      int bits, int blockSize, boolean symmetric, boolean exact, Set<String> excluded) {
    public Options {
      if (bits != 4 && bits != 8) {
        throw new OptimizerException("bits: %d (expected: 4 or 8)".formatted(bits));
      }
      if (blockSize < 16 || Integer.bitCount(blockSize) != 1) {
        throw new OptimizerException(
            "block size: %d (expected: a power of two, at least 16)".formatted(blockSize));
      }
      excluded = Set.copyOf(excluded);
    }

    /** The highest step; the lowest is 0. */
    int highest() {
      return (1 << bits) - 1;
    }

    /** The step that stands for zero where none is said. */
    int middle() {
      return 1 << (bits - 1);
    }

    int perByte() {
      return 8 / bits;
    }
  }

  /**
   * What was done.
   *
   * @param bits of a weight
   * @param products names of the products that have such weights now
   */
  public record Outcome(int bits, List<String> products) implements PassReport {
    public Outcome {
      products = List.copyOf(products);
    }

    @Override
    public List<String> lines() {
      return List.of("%d-bit: %d products, in blocks".formatted(bits, products.size()));
    }
  }

  @Override
  public String name() {
    return "quantize-blocks";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(
        "bits",
        options.bits(),
        "block-size",
        options.blockSize(),
        "symmetric",
        options.symmetric(),
        "exact",
        options.exact(),
        "excluded",
        new TreeSet<>(options.excluded()));
  }

  /**
   * Changes a model.
   *
   * @throws OptimizerException if it has no such products, or an excluded name is none of its nodes
   */
  @Override
  public Outcome apply(OnnxModel model) {
    Graph graph = model.graph();
    graph.requireNodes(options.excluded(), "excluded");
    AttentionUnpacking.apply(graph, options.excluded());
    List<String> done = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (options.excluded().contains(node.name()) || !node.is("MatMul")) {
        continue;
      }
      graph
          .constant(node.input(1))
          .filter(
              tensor ->
                  tensor.type() == ElementType.FLOAT && tensor.rank() == 2 && tensor.elements() > 0)
          .filter(_ -> graph.constant(node.input(0)).isEmpty())
          .ifPresent(
              matrix -> {
                quantize(graph, node, matrix, options);
                done.add(node.name());
              });
    }
    if (done.isEmpty()) {
      throw new OptimizerException("nothing to quantize (expected: MatMul with FP32 weights)");
    }
    model.use(Node.MICROSOFT_DOMAIN, 1);
    graph.removeUnused();
    return new Outcome(options.bits(), done);
  }

  private static void quantize(Graph graph, Node node, Tensor matrix, Options options) {
    Blocks blocks = Blocks.of(node.input(1), matrix, options);
    String base = node.input(1);
    List<String> inputs = new ArrayList<>();
    inputs.add(node.input(0));
    inputs.add(graph.addConstant(graph.freshName(base + "_int" + options.bits()), blocks.values()));
    inputs.add(graph.addConstant(graph.freshName(base + "_scales"), blocks.scales()));
    if (!options.symmetric()) {
      inputs.add(graph.addConstant(graph.freshName(base + "_zero_points"), blocks.zeroPoints()));
    }
    graph.replace(
        List.of(node),
        List.of(
            Node.microsoft("MatMulNBits", node.name())
                .inputs(inputs)
                .outputs(node.output())
                .with("K", matrix.dimension(0))
                .with("N", matrix.dimension(1))
                .with("bits", options.bits())
                .with("block_size", options.blockSize())
                .with("accuracy_level", options.exact() ? 1 : 4)
                .build()));
  }

  /**
   * A matrix in blocks, column by column. Of two numbers in a byte the first is the lower half.
   *
   * @param zeroPoints in the same packing; each column starts a byte
   */
  record Blocks(Tensor values, Tensor scales, Tensor zeroPoints) {
    static Blocks of(String name, Tensor matrix, Options options) {
      int rows = Math.toIntExact(matrix.dimension(0));
      int columns = Math.toIntExact(matrix.dimension(1));
      int size = options.blockSize();
      int count = (rows + size - 1) / size;
      int perByte = options.perByte();
      float[] source = matrix.floats();
      ByteBuffer values = Tensor.allocate((long) columns * count * size / perByte);
      float[] scales = new float[columns * count];
      int zerosOfColumn = (count + perByte - 1) / perByte;
      byte[] zeros = new byte[columns * zerosOfColumn];
      float[] block = new float[size];
      for (int column = 0; column < columns; column++) {
        for (int number = 0; number < count; number++) {
          for (int index = 0; index < size; index++) {
            int row = number * size + index;
            block[index] = row < rows ? finite(name, source[row * columns + column]) : 0;
          }
          Steps steps = Steps.of(block, options);
          scales[column * count + number] = steps.scale();
          zeros[column * zerosOfColumn + number / perByte] |=
              (byte) (steps.zero() << (number % perByte * options.bits()));
          for (int index = 0; index < size; index += perByte) {
            int packed = 0;
            for (int place = 0; place < perByte; place++) {
              packed |= steps.of(block[index + place]) << (place * options.bits());
            }
            values.put((byte) packed);
          }
        }
      }
      return new Blocks(
          Tensor.of(ElementType.UINT8, values.flip(), columns, count, size / perByte),
          Tensor.ofFloats(scales, (long) columns * count),
          Tensor.ofBytes(ElementType.UINT8, zeros, zeros.length));
    }

    private static float finite(String name, float weight) {
      if (!Float.isFinite(weight)) {
        throw new OptimizerException(
            "weight '%s' holds %s (expected: finite numbers)".formatted(name, weight));
      }
      return weight;
    }
  }

  /** The steps of one block: {@code number = scale * (step - zero)}. */
  private record Steps(float scale, int zero, int highest) {
    static Steps of(float[] block, Options options) {
      float lowest = 0;
      float highest = 0;
      for (float number : block) {
        lowest = Math.min(lowest, number);
        highest = Math.max(highest, number);
      }
      int middle = options.middle();
      if (options.symmetric()) {
        // The larger side gets one step more, and so may have a negative scale.
        float larger = -lowest >= highest ? lowest : highest;
        return new Steps(larger / -middle, middle, options.highest());
      }
      float scale = (highest - lowest) / options.highest();
      int zero =
          scale == 0 ? middle : (int) Math.clamp(Math.rint(-lowest / scale), 0, options.highest());
      return new Steps(scale, zero, options.highest());
    }

    int of(float number) {
      return scale == 0 ? zero : (int) Math.clamp(Math.rint(number / scale) + zero, 0, highest);
    }
  }
}
