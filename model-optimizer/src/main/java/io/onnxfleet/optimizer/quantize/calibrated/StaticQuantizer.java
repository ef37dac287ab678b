package io.onnxfleet.optimizer.quantize.calibrated;

import io.onnxfleet.optimizer.calibrate.Calibration;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.calibrate.OpenedModel;
import io.onnxfleet.optimizer.calibrate.Range;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.OperatorSetUpgrade;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * A calibrated model, of which any number of 8-bit ones can be made: constants are folded and
 * normalization is a part of the convolution before it, operators are of a version that knows 8
 * bits, and the ranges of its values are known.
 */
final class StaticQuantizer {
  private final Path base;
  private final Map<String, Range> ranges;

  private StaticQuantizer(Path base, Map<String, Range> ranges) {
    this.base = base;
    this.ranges = ranges;
  }

  /**
   * Prepares and calibrates a model.
   *
   * @param folder for files that must stay as long as the quantizer
   * @param progress told how many runs are done
   */
  static StaticQuantizer calibrate(
      Path file,
      Path folder,
      SampleSet samples,
      StaticOptions options,
      CalibrationOptions calibration,
      IntConsumer progress) {
    // ONNX Runtime would go on pointing to weights that lie beside the original.
    Path whole = folder.resolve("whole.onnx");
    OnnxModel.read(file).write(whole);
    Path folded = folder.resolve("folded.onnx");
    RunnableModel.openAndSave(whole, new SessionSettings(1, OptimizationLevel.BASIC), folded)
        .close();
    OnnxModel model = OnnxModel.read(folded);
    // ONNX Runtime names all that it knows.
    model.keepOperatorSets(OnnxModel.read(file));
    OperatorSetUpgrade.apply(model);
    Path base = folder.resolve("base.onnx");
    model.write(base);
    var values = StaticRewriting.values(model, options);
    try (OpenedModel opened = OpenedModel.of(base, values, folder.resolve("opened.onnx"))) {
      return new StaticQuantizer(
          base, new Calibration(opened, samples, progress).ranges(values, calibration));
    }
  }

  /** The model before it is quantized. */
  OnnxModel model() {
    return OnnxModel.read(base);
  }

  /** Quantizes a fresh copy, which may exclude more than was said when it was calibrated. */
  Result quantize(StaticOptions options) {
    OnnxModel model = model();
    return new Result(model, StaticRewriting.apply(model, ranges, options));
  }

  /** A quantized model and what was done to it. */
  record Result(OnnxModel model, StaticQuantization.Outcome outcome) {}
}
