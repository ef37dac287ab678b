package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.tensor.NamedTensor;
import java.util.List;

/** Compares rows of requests, run together and alone. */
@FunctionalInterface
public interface RowProver {
  /**
   * Whether these rows are answered by themselves.
   *
   * @param runs of the model, to be asked on the calling thread
   * @param rows at least five, distinct and of one shape, each with its inputs in the order of the
   *     model's; they stay the caller's
   */
  RowVerdict prove(RowProof.Runs runs, List<List<NamedTensor>> rows);
}
