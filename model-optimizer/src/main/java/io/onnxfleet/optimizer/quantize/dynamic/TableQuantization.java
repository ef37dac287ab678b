package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.List;
import java.util.Map;

/** Only makes tables of embeddings INT8, with a scale a row; all else stays as it is. */
public final class TableQuantization implements GraphPass {
  /**
   * What was done.
   *
   * @param tables how many look-ups are 8-bit now
   */
  public record Outcome(int tables) implements PassReport {
    @Override
    public List<String> lines() {
      return List.of("8-bit: %d tables".formatted(tables));
    }

    @Override
    public boolean changed() {
      return tables > 0;
    }
  }

  @Override
  public String name() {
    return "quantize-tables";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of();
  }

  @Override
  public Outcome apply(OnnxModel model) {
    return new Outcome(new DynamicRewriting(model, QuantizationOptions.DEFAULT).applyToTables());
  }
}
