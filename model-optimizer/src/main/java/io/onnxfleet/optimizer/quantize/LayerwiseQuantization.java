package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.List;
import java.util.Set;

/** A quantization that can let single layers compute in FP32. */
public interface LayerwiseQuantization extends Pass {
  /** Does what is the same whichever layers are left out. */
  Prepared prepare(Draft draft, PassContext context);

  /** A model that is ready to be quantized any number of times. */
  interface Prepared {
    /** Names of the layers that could compute in FP32. */
    List<String> candidates();

    /** Quantizes a fresh copy in which these compute in FP32. */
    Quantized without(Set<String> nodes);
  }

  /** A quantized model and what was done to it. */
  record Quantized(OnnxModel model, PassReport report) {}
}
