package io.onnxfleet.jobs.job;

import org.jspecify.annotations.Nullable;

/**
 * A job as the database has it.
 *
 * @param number in the order in which jobs came
 * @param id {@code job_} and 32 hexadecimal digits
 * @param ownerStatement what the gateway said of the owner, to be said to it again
 * @param digest of the request, by which two with one key are compared
 * @param fence whose result counts: whoever takes the job moves it on
 * @param answer null if there is none
 * @param failure null if there is none
 */
public record Job(
    long number,
    String id,
    String owner,
    String ownerStatement,
    String digest,
    Request request,
    JobStatus status,
    long fence,
    @Nullable Answer answer,
    @Nullable Failure failure,
    Times times) {

  /**
   * What is asked.
   *
   * @param target the path, with its query if it has one
   * @param headers as {@link JobHeaders} writes them
   * @param object the body; gone once the job has ended
   * @param size of the body
   */
  public record Request(String target, String headers, String object, long size) {}

  /**
   * What the fleet answered.
   *
   * @param status HTTP's
   * @param headers as {@link JobHeaders} writes them
   * @param object the body
   * @param size of the body
   */
  public record Answer(int status, String headers, String object, long size) {}

  /**
   * Why there is no answer.
   *
   * @param code what programs tell it by
   * @param message which may be shown
   */
  public record Failure(String code, String message) {}

  /** In seconds since the epoch; null if it has not come to that. */
  public record Times(
      long created, long expires, @Nullable Long inProgress, @Nullable Long ended) {}
}
