package io.onnxfleet.engine.request;

import io.onnxfleet.engine.tensor.NamedTensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One caller's call of a model. Whoever holds the request owns its input tensors; {@link #close()}
 * gives them up.
 *
 * @param id the caller's name for this call, echoed in the response
 * @param modelVersion null for the highest READY one
 * @param requestedOutputs names of the outputs wanted, in order; empty for all
 * @param priority 1 (highest) to the model's number of levels; 0 for the model's default; {@link
 *     PriorityLevels#BACKGROUND} behind all of them
 * @param caller whose request it is, for callers share a model fairly; null if that is not known
 */
public record InferenceRequest(
    @Nullable String id,
    String modelName,
    @Nullable Long modelVersion,
    List<NamedTensor> inputs,
    List<String> requestedOutputs,
    Deadline deadline,
    int priority,
    @Nullable String caller)
    implements AutoCloseable {

  public InferenceRequest {
    inputs = List.copyOf(inputs);
    requestedOutputs = List.copyOf(requestedOutputs);
  }

  /** A call by nobody in particular. */
  public InferenceRequest(
      @Nullable String id,
      String modelName,
      @Nullable Long modelVersion,
      List<NamedTensor> inputs,
      List<String> requestedOutputs,
      Deadline deadline,
      int priority) {
    this(id, modelName, modelVersion, inputs, requestedOutputs, deadline, priority, null);
  }

  /** The same call, which owns the same tensors, in that caller's name. */
  public InferenceRequest by(@Nullable String name) {
    return new InferenceRequest(
        id, modelName, modelVersion, inputs, requestedOutputs, deadline, priority, name);
  }

  /**
   * The same call, which owns the same tensors, at that level.
   *
   * @param level as {@link #priority}
   */
  public InferenceRequest at(int level) {
    return priority == level
        ? this
        : new InferenceRequest(
            id, modelName, modelVersion, inputs, requestedOutputs, deadline, level, caller);
  }

  /** A call of the highest READY version for all its outputs, without a deadline. */
  public static InferenceRequest of(String modelName, NamedTensor... inputs) {
    return new InferenceRequest(
        null, modelName, null, List.of(inputs), List.of(), Deadline.NONE, 0);
  }

  @Override
  public void close() {
    for (NamedTensor input : inputs) {
      input.tensor().close();
    }
  }
}
