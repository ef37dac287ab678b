package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.quantize.LayerwiseQuantization.Prepared;
import io.onnxfleet.optimizer.quantize.LayerwiseQuantization.Quantized;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A quantization in which as few layers compute in FP32 as bring the error of the outputs down to
 * what was asked for; see {@link SensitivitySearch}. The error is the original's, over the samples.
 */
public final class ErrorBoundQuantization implements Pass {
  private final LayerwiseQuantization quantization;
  private final double targetError;

  /**
   * @param targetError relative
   */
  public ErrorBoundQuantization(LayerwiseQuantization quantization, double targetError) {
    this.quantization = quantization;
    this.targetError = targetError;
  }

  /**
   * What was done.
   *
   * @param inFp32 the layers that compute in FP32, worst first
   * @param candidates how many layers could
   * @param quantized what was done to the others
   */
  public record Outcome(Set<String> inFp32, int candidates, PassReport quantized)
      implements PassReport {
    public Outcome {
      inFp32 = new LinkedHashSet<>(inFp32);
    }

    @Override
    public List<String> lines() {
      List<String> lines = new ArrayList<>();
      lines.add("in FP32: %d of %d layers: %s".formatted(inFp32.size(), candidates, inFp32));
      lines.addAll(quantized.lines());
      return lines;
    }
  }

  @Override
  public String name() {
    return quantization.name();
  }

  @Override
  public Map<String, Object> parameters() {
    Map<String, Object> parameters = new TreeMap<>(quantization.parameters());
    parameters.put("target-error", targetError);
    return parameters;
  }

  @Override
  public Outcome apply(Draft draft, PassContext context) {
    Prepared prepared = quantization.prepare(draft, context);
    List<String> candidates = prepared.candidates();
    Set<String> chosen = leastSensitive(prepared, candidates, context);
    Quantized quantized = prepared.without(chosen);
    draft.become(quantized.model());
    return new Outcome(chosen, candidates.size(), quantized.report());
  }

  private Set<String> leastSensitive(
      Prepared prepared, List<String> candidates, PassContext context) {
    Path file = context.folder().resolve("candidate.onnx");
    try (RunnableModel original = RunnableModel.open(context.original(), SessionSettings.DEFAULT)) {
      SampleSet samples = context.samples();
      List<List<TensorValue>> answers = OutputError.answers(original, samples, _ -> {});
      return new SensitivitySearch(
              candidates,
              nodes -> error(prepared.without(nodes).model(), file, samples, answers),
              (done, of) -> context.progress().at("sensitivity", done, of))
          .run(targetError)
          .excluded();
    }
  }

  private static double error(
      OnnxModel model, Path file, SampleSet samples, List<List<TensorValue>> answers) {
    model.write(file);
    try (RunnableModel candidate = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      return OutputError.between(samples, answers, OutputError.answers(candidate, samples, _ -> {}))
          .relativeError();
    }
  }
}
