package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;

/**
 * A model opened for execution.
 *
 * <p>One run at a time: a session belongs to one thread. {@link #terminate()} may be called from
 * any thread. {@link #close()} is called when no run is under way and never again used after.
 */
public interface ModelSession extends AutoCloseable {
  ModelSignature signature();

  /** What the graph was really placed on. */
  ExecutionProvider executionProvider();

  /**
   * Why each provider that was preferred to {@link #executionProvider()} was passed over, such as
   * {@code cuda: libcudnn.so.9 cannot be loaded}; empty if the first choice was taken.
   */
  default List<String> providerNotes() {
    return List.of();
  }

  /** Where the nodes of the graph went, if the session runs on more than the CPU. */
  default NodePlacement nodePlacement() {
    return NodePlacement.UNKNOWN;
  }

  /**
   * Executes the model once.
   *
   * @param inputs stay the caller's; their names, types and shapes were checked against the
   *     signature
   * @param outputs names of the outputs to compute, at least one
   * @return one tensor for each name in that order, owned by the caller
   * @throws InferenceException with {@link ErrorCode#EXECUTION_FAILED}, also if the run was
   *     terminated; {@link ErrorCode#MEMORY_EXHAUSTED} if the device had too little memory for it;
   *     {@link ErrorCode#REQUEST_TOO_LARGE} if it takes more than a run may; {@link
   *     ErrorCode#INVALID_INPUT} if the runtime refused the inputs; {@link
   *     ErrorCode#UNSUPPORTED_FEATURE} if an output cannot be given as one tensor; nothing is left
   *     open then
   */
  List<Tensor> run(List<NamedTensor> inputs, List<String> outputs);

  /** What its runs take at this moment; may be asked by any thread until it is closed. */
  default MemoryUse memoryUse() {
    return MemoryUse.UNKNOWN;
  }

  /** Gives back the memory that is kept for the next run; no run is under way. */
  default void shrink() {}

  /** Makes a run that is under way fail soon; without one, does nothing. The next run is whole. */
  void terminate();

  @Override
  void close();
}
