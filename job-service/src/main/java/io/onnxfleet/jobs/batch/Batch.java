package io.onnxfleet.jobs.batch;

import io.onnxfleet.jobs.file.ListedIds;
import org.jspecify.annotations.Nullable;

/**
 * A batch as the database has it.
 *
 * @param id as {@link ListedIds} makes it, of {@value #PREFIX}
 * @param ownerStatement what the gateway said of the owner, to be said to it again
 * @param inputObject the input's bytes
 * @param metadata JSON, as it is shown; null if there is none
 * @param ending why it ends early; null if it does not
 * @param errors JSON, as they are shown; null if there are none
 * @param tokens of all answers
 */
public record Batch(
    String id,
    String owner,
    String ownerStatement,
    String endpoint,
    String inputFileId,
    String inputObject,
    String completionWindow,
    @Nullable String metadata,
    BatchStatus status,
    @Nullable Ending ending,
    @Nullable String errors,
    Counts counts,
    long tokens,
    int openSlices,
    @Nullable String outputFileId,
    @Nullable String errorFileId,
    Times times) {

  /** What an id begins with. */
  static final String PREFIX = "batch_";

  /** Of lines. */
  public record Counts(int total, int completed, int failed) {
    public static final Counts NONE = new Counts(0, 0, 0);
  }

  /** In seconds since the epoch; null if it has not come to that. */
  public record Times(
      long created,
      long expires,
      @Nullable Long inProgress,
      @Nullable Long finalizing,
      @Nullable Long completed,
      @Nullable Long failed,
      @Nullable Long expired,
      @Nullable Long cancelling,
      @Nullable Long cancelled) {}
}
