package io.onnxfleet.optimizer.command;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code synthesize}: a model of any size, to see how large ones are coped with. */
@Command(
    name = "synthesize",
    hidden = true,
    description = "Writes a chain of matrix products with random weights in a second file.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before it calls
final class SynthesizeCommand implements Callable<Integer> {
  private static final int WIDTH = 4096;
  private static final long LAYER_BYTES = 4L * WIDTH * WIDTH;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE")
  private Path output;

  @Option(names = "--gigabytes", paramLabel = "N", defaultValue = "2.5")
  private double gigabytes;

  @Override
  public Integer call() {
    ByteBuffer weights = Tensor.allocate(LAYER_BYTES);
    Random random = new Random(1);
    while (weights.hasRemaining()) {
      // Small enough that a long chain of products neither vanishes nor overflows.
      weights.putFloat((random.nextFloat() - 0.5f) * 0.05f);
    }
    weights.flip();
    OnnxModel model = OnnxModel.create("x", "y", WIDTH);
    long layers = Math.max(1, Math.round(gigabytes * (1L << 30) / LAYER_BYTES));
    String value = "x";
    for (long layer = 0; layer < layers; layer++) {
      String next = layer == layers - 1 ? "y" : "h" + layer;
      String weight =
          model
              .graph()
              .addConstant("w" + layer, Tensor.of(ElementType.FLOAT, weights, WIDTH, WIDTH));
      model
          .graph()
          .add(Node.of("MatMul", "layer" + layer).inputs(value, weight).outputs(next).build());
      value = next;
    }
    model.writeWithExternalData(output);
    return 0;
  }
}
