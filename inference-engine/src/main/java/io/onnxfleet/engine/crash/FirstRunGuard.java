package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.tensor.NamedTensor;
import java.util.List;

/** Looks whether a run would end the process, before it happens here. Thread-safe. */
public interface FirstRunGuard {
  /**
   * Returns if the run may happen here.
   *
   * @param run what it is noted by if it ends a process
   * @throws io.onnxfleet.engine.error.InferenceException if it may not, or not yet
   */
  void check(FirstRuns runs, Mark run, List<NamedTensor> inputs, List<String> outputs);
}
