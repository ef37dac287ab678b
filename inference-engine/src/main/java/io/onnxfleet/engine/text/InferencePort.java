package io.onnxfleet.engine.text;

import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import java.util.concurrent.CompletableFuture;

/** The way to whatever executes a model; thread-safe. */
@FunctionalInterface
public interface InferencePort {
  /**
   * Executes a request once. The request's inputs belong to the callee whatever happens; the
   * response belongs to the caller. Cancelling the future drops a request that has not started.
   */
  CompletableFuture<InferenceResponse> infer(InferenceRequest request);
}
