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
 * Weights of matrix products as 4-bit integers with a scale and a zero point for each block of a
 * column, for ONNX Runtime's {@code MatMulNBits}; activations stay FP32. Small rather than fast.
 */
public final class FourBitQuantization implements GraphPass {
  private static final int LEVELS = 15;

  private final Options options;

  public FourBitQuantization(Options options) {
    this.options = options;
  }

  /**
   * How.
   *
   * @param blockSize how many weights of a column share a scale: a power of two, at least 16
   * @param symmetric whether the zero point is always 8, and so left out
   * @param exact whether products are computed in FP32; else activations become 8-bit by blocks,
   *     which is faster
   * @param excluded names of nodes that stay as they are
   */
  public record Options(int blockSize, boolean symmetric, boolean exact, Set<String> excluded) {
    public static final Options DEFAULT = new Options(32, false, true, Set.of());

    public Options {
      if (blockSize < 16 || Integer.bitCount(blockSize) != 1) {
        throw new OptimizerException(
            "block size: %d (expected: a power of two, at least 16)".formatted(blockSize));
      }
      excluded = Set.copyOf(excluded);
    }
  }

  /**
   * What was done.
   *
   * @param products names of the products that are 4-bit now
   */
  public record Outcome(List<String> products) implements PassReport {
    public Outcome {
      products = List.copyOf(products);
    }

    @Override
    public List<String> lines() {
      return List.of("4-bit: %d products".formatted(products.size()));
    }
  }

  @Override
  public String name() {
    return "quantize-4-bit";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(
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
    return new Outcome(done);
  }

  private static void quantize(Graph graph, Node node, Tensor matrix, Options options) {
    Blocks blocks = Blocks.of(node.input(1), matrix, options);
    String base = node.input(1);
    List<String> inputs = new ArrayList<>();
    inputs.add(node.input(0));
    inputs.add(graph.addConstant(graph.freshName(base + "_int4"), blocks.values()));
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
                .with("bits", 4)
                .with("block_size", options.blockSize())
                .with("accuracy_level", options.exact() ? 1 : 4)
                .build()));
  }

  /**
   * A matrix in blocks, column by column, two numbers a byte, the lower half first.
   *
   * @param zeroPoints in the same packing; each column starts a byte
   */
  record Blocks(Tensor values, Tensor scales, Tensor zeroPoints) {
    static Blocks of(String name, Tensor matrix, Options options) {
      int rows = Math.toIntExact(matrix.dimension(0));
      int columns = Math.toIntExact(matrix.dimension(1));
      int size = options.blockSize();
      int count = (rows + size - 1) / size;
      float[] source = matrix.floats();
      ByteBuffer values = Tensor.allocate((long) columns * count * size / 2);
      float[] scales = new float[columns * count];
      byte[] zeros = new byte[columns * ((count + 1) / 2)];
      float[] block = new float[size];
      for (int column = 0; column < columns; column++) {
        for (int number = 0; number < count; number++) {
          float lowest = 0;
          float highest = 0;
          for (int index = 0; index < size; index++) {
            int row = number * size + index;
            block[index] = row < rows ? source[row * columns + column] : 0;
            if (!Float.isFinite(block[index])) {
              throw new OptimizerException(
                  "weight '%s' holds %s (expected: finite numbers)".formatted(name, block[index]));
            }
            lowest = Math.min(lowest, block[index]);
            highest = Math.max(highest, block[index]);
          }
          float scale;
          int zero = 8;
          if (options.symmetric()) {
            // The larger side gets the eight steps, and so may have a negative scale.
            scale = (-lowest >= highest ? lowest : highest) / -8;
          } else {
            scale = (highest - lowest) / LEVELS;
            zero = scale == 0 ? 8 : (int) Math.clamp(Math.rint(-lowest / scale), 0, LEVELS);
          }
          scales[column * count + number] = scale;
          zeros[column * ((count + 1) / 2) + number / 2] |=
              (byte) (number % 2 == 0 ? zero : zero << 4);
          for (int index = 0; index < size; index += 2) {
            values.put(
                (byte)
                    (step(block[index], scale, zero) | step(block[index + 1], scale, zero) << 4));
          }
        }
      }
      return new Blocks(
          Tensor.of(ElementType.UINT8, values.flip(), columns, count, size / 2),
          Tensor.ofFloats(scales, (long) columns * count),
          Tensor.ofBytes(ElementType.UINT8, zeros, (long) columns * ((count + 1) / 2)));
    }

    private static int step(float number, float scale, int zero) {
      return scale == 0 ? zero : (int) Math.clamp(Math.rint(number / scale) + zero, 0, LEVELS);
    }
  }
}
