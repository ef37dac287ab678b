package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One scale and one zero point over all of a value, in ONNX's own operators and in the form that
 * ONNX Runtime fuses when it loads the model.
 */
final class BatchScaledProducts implements ScaledProducts {
  private final Graph graph;
  private final Map<String, Activation> activations = new HashMap<>();

  BatchScaledProducts(Graph graph) {
    this.graph = graph;
  }

  /** The names of a value's 8-bit form, its scale and its zero point. */
  record Activation(String values, String scale, String zeroPoint) {}

  /** The 8-bit form of a value. */
  Activation activation(String value) {
    return activations.computeIfAbsent(
        value,
        _ -> {
          Activation made =
              new Activation(
                  graph.freshName(value + "_quantized"),
                  graph.freshName(value + "_quantized_scale"),
                  graph.freshName(value + "_quantized_zero_point"));
          graph.add(
              Node.of("DynamicQuantizeLinear", made.values())
                  .inputs(value)
                  .outputs(made.values(), made.scale(), made.zeroPoint())
                  .build());
          return made;
        });
  }

  @Override
  public List<Node> product(String value, Stored weights, String name, String result) {
    Activation activation = activation(value);
    String sums = graph.freshName(result + "_sums");
    String floats = graph.freshName(result + "_sums_fp32");
    String scale = graph.freshName(result + "_scale");
    return List.of(
        Node.of("MatMulInteger", name + "_int8")
            .inputs(activation.values(), weights.values(), activation.zeroPoint())
            .outputs(sums)
            .build(),
        Node.of("Cast", name + "_cast")
            .inputs(sums)
            .outputs(floats)
            .with("to", ElementType.FLOAT.code())
            .build(),
        Node.of("Mul", name + "_scales")
            .inputs(activation.scale(), weights.scales())
            .outputs(scale)
            .build(),
        Node.of("Mul", name + "_scaled").inputs(floats, scale).outputs(result).build());
  }
}
