package io.onnxfleet.jobs.job;

/**
 * Has a job be worked on, soon. Called within the transaction that makes it necessary: both happen
 * or neither does.
 */
public interface JobSchedule {
  void work(String jobId);
}
