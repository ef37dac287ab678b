package io.onnxfleet.jobs.batch;

/**
 * Has a batch or a slice be worked on, soon. Called within the transaction that makes it necessary:
 * both happen or neither does.
 */
public interface BatchSchedule {
  void validate(String batchId);

  void work(String batchId, int slice);
}
