package io.onnxfleet.jobs.store;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.failure.JobException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/**
 * Says in a few lines why there is no store: it is another process's, or the folder is another's.
 */
final class StoreFailureAnalyzer implements FailureAnalyzer {
  /** H2's number for a file that another process has open. */
  private static final int DATABASE_IN_USE = 90020;

  @Override
  public @Nullable FailureAnalysis analyze(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException refused && refused.getErrorCode() == DATABASE_IN_USE) {
        return new FailureAnalysis(
            "Another process has the embedded database open: " + refused.getMessage(),
            "End the other job service, give this one a fleet.jobs.directory of its own, or use"
                + " PostgreSQL, which many job services may share.",
            failure);
      }
      if (cause instanceof StoreConflictException conflict) {
        return new FailureAnalysis(
            String.valueOf(conflict.getMessage()),
            "Give the job service the database and the store that belong together. Job services of"
                + " one PostgreSQL need one store that each of them sees: a shared volume as"
                + " fleet.jobs.directory, or a bucket (fleet.jobs.s3.bucket).",
            failure);
      }
      if (cause instanceof JobException refused && refused.code() == ErrorCode.STORE_UNAVAILABLE) {
        return new FailureAnalysis(
            String.valueOf(refused.getMessage()),
            "See that the bucket is there, and what fleet.jobs.s3 or the environment (AWS_*) say of"
                + " its endpoint, its region and the credentials.",
            failure);
      }
    }
    return null;
  }
}
