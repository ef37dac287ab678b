package io.onnxfleet.jobs.webhook;

/** Has others told what became of a job. Thread-safe. */
public interface Webhooks {

  /**
   * Has every endpoint told that wants to know. Called within the transaction that ends the job:
   * both are kept or neither is. Does not wait for anybody.
   *
   * @param subject the job's id, which is all that is told of it
   * @param owner whose job it is, by which endpoints are chosen
   * @throws IllegalStateException outside of a transaction
   */
  void announce(EventType type, String subject, String owner);
}
