package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Runs each request alone on a session, on the thread that asks. */
record SessionPort(ModelSession session) implements InferencePort {
  @Override
  public CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    try (request) {
      List<Tensor> outputs;
      synchronized (session) {
        outputs = session.run(request.inputs(), request.requestedOutputs());
      }
      NamedTensor named =
          new NamedTensor(request.requestedOutputs().getFirst(), outputs.getFirst());
      return CompletableFuture.completedFuture(
          new InferenceResponse(null, request.modelName(), 1, List.of(named)));
    } catch (InferenceException failure) {
      return CompletableFuture.failedFuture(failure);
    }
  }
}
