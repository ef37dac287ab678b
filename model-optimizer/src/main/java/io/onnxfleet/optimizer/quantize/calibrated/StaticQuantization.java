package io.onnxfleet.optimizer.quantize.calibrated;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.quantize.LayerwiseQuantization;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Static 8-bit quantization: weights become INT8 with a scale a channel, activations UINT8 or INT8
 * by ranges that samples showed, biases INT32; what is in between stays in 8 bits.
 */
public final class StaticQuantization implements LayerwiseQuantization {
  private final StaticOptions options;
  private final CalibrationOptions calibration;

  public StaticQuantization(StaticOptions options, CalibrationOptions calibration) {
    this.options = options;
    this.calibration = calibration;
  }

  /**
   * What was done.
   *
   * @param nodes names of the nodes that compute in 8 bits now
   */
  public record Outcome(List<String> nodes) implements PassReport {
    public Outcome {
      nodes = List.copyOf(nodes);
    }

    @Override
    public List<String> lines() {
      return List.of("8-bit: %d nodes".formatted(nodes.size()));
    }
  }

  @Override
  public String name() {
    return "quantize-static";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(
        "format",
        options.format(),
        "symmetric",
        options.symmetric(),
        "operators",
        new TreeSet<>(options.operators()),
        "excluded",
        new TreeSet<>(options.excluded()),
        "calibration",
        calibration.method(),
        "percentile",
        calibration.percentile());
  }

  /**
   * Calibrates and quantizes.
   *
   * @throws OptimizerException if the operators are too old to carry over, an excluded name is none
   *     of the nodes, or nothing can be quantized
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    StaticQuantizer.Result result = calibrated(draft, context).quantize(options);
    draft.become(result.model());
    return result.outcome();
  }

  @Override
  public Prepared prepare(Draft draft, PassContext context) {
    StaticQuantizer quantizer = calibrated(draft, context);
    List<String> candidates = StaticRewriting.candidates(quantizer.model(), options);
    return new Prepared() {
      @Override
      public List<String> candidates() {
        return candidates;
      }

      @Override
      public Quantized without(Set<String> nodes) {
        Set<String> all = new HashSet<>(options.excluded());
        all.addAll(nodes);
        StaticQuantizer.Result result = quantizer.quantize(options.excluding(all));
        return new Quantized(result.model(), result.outcome());
      }
    };
  }

  private StaticQuantizer calibrated(Draft draft, PassContext context) {
    SampleSet samples = context.samples();
    return StaticQuantizer.calibrate(
        draft.file(),
        context.folder(),
        samples,
        options,
        calibration,
        done -> context.progress().at("calibration", done, samples.size()));
  }
}
