package io.onnxfleet.engine.catalog;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;

/**
 * An engine without a model check in a process of its own: {@code CrashingReplica <models>
 * <notes>}. Answers {@code pool <size>}, {@code load <model>} and {@code index}.
 */
final class CrashingReplica {
  private final InferenceEngine engine;

  private CrashingReplica(InferenceEngine engine) {
    this.engine = engine;
  }

  static InferenceEngine engine(Path models, Path notes, TrialOptions trial) {
    InferenceEngine engine =
        InferenceEngine.create(
            EngineOptions.defaults(models)
                .with(new EngineOptions.Processors(1, false))
                .with(VersionLimits.of(64, 64))
                .with(new KeptFiles(notes.resolve("graphs"), 1 << 20, notes, null))
                .with(trial),
            EngineMetrics.NONE);
    engine.start().join();
    return engine;
  }

  /** A request of a picture of that size for the model that is called pool. */
  static String pool(InferenceEngine engine, int size) {
    NamedTensor picture =
        new NamedTensor(
            "x", Tensor.allocate(engine.bufferPool(), DataType.FP32, Shape.of(1, 1, size, size)));
    NamedTensor mask =
        new NamedTensor(
            "mask", Tensor.allocate(engine.bufferPool(), DataType.INT32, Shape.of(1, 1, 1, 1)));
    try (InferenceResponse response =
        engine.infer(InferenceRequest.of("pool", picture, mask)).join()) {
      return response.output("y").shape().toString();
    } catch (CompletionException failure) {
      return String.valueOf(failure.getMessage());
    }
  }

  public static void main(String[] arguments) throws IOException {
    CrashingReplica replica =
        new CrashingReplica(
            engine(Path.of(arguments[0]), Path.of(arguments[1]), TrialOptions.off()));
    System.out.println("ready");
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println("answer: " + replica.answer(line.split(" ")));
    }
  }

  private String answer(String... words) {
    return switch (words[0]) {
      case "pool" -> pool(engine, Integer.parseInt(words[1]));
      case "load" -> {
        engine.load(words[1]).join();
        yield engine.quarantined().toString();
      }
      default -> engine.index().toString() + engine.quarantined();
    };
  }
}
