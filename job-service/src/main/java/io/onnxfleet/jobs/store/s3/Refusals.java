package io.onnxfleet.jobs.store.s3;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.failure.JobException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What an object store's refusals mean, and what would help. Stateless. */
final class Refusals {
  private static final int MOVED = 301;
  private static final int FORBIDDEN = 403;

  private Refusals() {}

  /** What somebody is told whose request needs the store. */
  static JobException unavailable(String message) {
    return new JobException(ErrorCode.STORE_UNAVAILABLE, message);
  }

  /** The store's own word for it; empty if it has none. */
  static String code(S3Exception refused) {
    String code = refused.awsErrorDetails() == null ? null : refused.awsErrorDetails().errorCode();
    return code == null ? "" : code;
  }

  static String reason(SdkException failed) {
    if (!(failed instanceof S3Exception refused)) {
      return String.valueOf(failed.getMessage());
    }
    return "status %d %s (expected: %s)"
        .formatted(refused.statusCode(), code(refused), expected(refused));
  }

  private static String expected(S3Exception refused) {
    return switch (code(refused)) {
      case "RequestTimeTooSkewed" -> "a clock here that is within 15 minutes of the store's";
      case "NoSuchBucket" -> "a bucket that is there";
      case "SignatureDoesNotMatch" -> "the secret that belongs to the access key";
      case "InvalidAccessKeyId" -> "an access key that the store knows";
      case "ExpiredToken", "InvalidToken" -> "a session token that is still good";
      case "AuthorizationHeaderMalformed",
          "PermanentRedirect",
          "IllegalLocationConstraintException" ->
          "fleet.jobs.s3.region as the bucket's";
      default ->
          switch (refused.statusCode()) {
            case FORBIDDEN -> "credentials that may list the bucket, and read, write and delete";
            case MOVED -> "fleet.jobs.s3.region as the bucket's";
            default -> "200";
          };
    };
  }
}
