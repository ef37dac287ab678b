package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.quantize.LayerwiseQuantization;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Dynamic 8-bit quantization: weights of matrix products become INT8 with a scale a column, what
 * they are multiplied with becomes UINT8 when the model runs, by its range there and then; no
 * samples are needed. Tables of embeddings become INT8 with a scale a row.
 *
 * <p>With one scale over a whole batch the graph says it in ONNX's own operators ({@code
 * DynamicQuantizeLinear}, {@code MatMulInteger}), in the form that ONNX Runtime fuses when it loads
 * the model. With one a token it needs an operator of ONNX Runtime's own ({@code
 * MatMulIntegerToFloat}). Products that are told to compute in FP32 keep their weights in 8 bits
 * all the same.
 */
public final class DynamicQuantization implements GraphPass, LayerwiseQuantization {
  private final QuantizationOptions options;

  public DynamicQuantization(QuantizationOptions options) {
    this.options = options;
  }

  /**
   * What was done.
   *
   * @param products names of the matrix products whose weights are 8-bit now
   * @param tables how many look-ups are
   * @param inFp32 how many of the products compute in FP32
   */
  public record Outcome(List<String> products, int tables, int inFp32) implements PassReport {
    public Outcome {
      products = List.copyOf(products);
    }

    @Override
    public List<String> lines() {
      return List.of("8-bit: %d products, %d tables".formatted(products.size() - inFp32, tables));
    }
  }

  @Override
  public String name() {
    return options.scale() == ActivationScale.TOKEN ? "quantize-per-token" : "quantize";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(
        "embeddings",
        options.embeddings(),
        "excluded",
        new TreeSet<>(options.excluded()),
        "weights-only",
        new TreeSet<>(options.weightsOnly()));
  }

  /**
   * Changes a model.
   *
   * @throws OptimizerException if its operators are too old to carry over, an excluded name is none
   *     of its nodes, or nothing in it can be quantized
   */
  @Override
  public Outcome apply(OnnxModel model) {
    return new DynamicRewriting(model, options).apply();
  }

  @Override
  public Prepared prepare(Draft draft, PassContext context) {
    Path source = draft.file();
    List<String> candidates =
        DynamicRewriting.candidates(OnnxModel.read(source), options).stream()
            .filter(name -> !options.excluded().contains(name))
            .toList();
    return new Prepared() {
      @Override
      public List<String> candidates() {
        return candidates;
      }

      @Override
      public Quantized without(Set<String> nodes) {
        OnnxModel model = OnnxModel.read(source);
        return new Quantized(
            model, new DynamicQuantization(options.withWeightsOnly(nodes)).apply(model));
      }
    };
  }
}
