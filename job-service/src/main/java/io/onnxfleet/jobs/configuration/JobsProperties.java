package io.onnxfleet.jobs.configuration;

import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the job service keeps, and how it works it off.
 *
 * @param directory where files and answers lie, and the embedded database. Must outlive the
 *     process. With {@code s3} and PostgreSQL only what is under way lies there, and it need not
 * @param maxFileSize of one file; more is answered 413
 * @param maxLines of a batch; 1 to 1,000,000. A file with more fails
 * @param maxLineSize of one line; no more than the gateway takes. A file with a longer one fails
 * @param maxAnswerSize of one line; a larger one goes to the error file, without its body. A single
 *     request with a larger one fails
 * @param minFreeSpace of the directory's disk: with less, uploads are answered 503 and no slice and
 *     no single request begins, until there is room
 * @param sliceLines of a slice: what is answered together and kept in one object
 * @param sliceSize of a slice's lines; one line may be longer
 * @param concurrentSlices that one process works on at a time, four of one batch, and of one owner
 *     as many as are free: those that wait for a model keep no others from theirs
 * @param concurrentLines that one process has sent to the gateway at a time
 * @param concurrentJobs single requests that one process has sent to the gateway at a time, half of
 *     them of one owner; beside the lines of batches
 * @param jobWindow how long a single request may take; one that is not answered by then expires
 * @param maxRequestSize of the body of a single request; no more than the gateway takes
 * @param linePatience how long a line, or a single request, is tried again that the fleet cannot
 *     answer for now, though there is a gateway
 * @param credentialsPatience how long a line, or a single request, is tried again whose owner a
 *     gateway does not know, as one that has not read a new key yet; then its batch fails
 * @param maxTries of a line, or a single request, that fails in a way that may not last, such as
 *     500 and 502
 * @param requestTimeout of one try, longer than the gateway's deadline
 * @param retention how long a batch and its files, or a single request and its answer, are kept
 *     after it has ended, and a file that no batch knows after it came; 0: until they are deleted,
 *     but a single request 30 days
 * @param maxStoreSize of all files and single requests together; 0: no bound. With more, uploads
 *     and single requests are answered 503, and what ended first is removed first, never what a
 *     batch reads that has not ended
 * @param maxOwnerSize of one caller's files and single requests; 0: no bound. An upload or a single
 *     request above it is answered 429
 * @param maxOpenBatches of one caller, that have not ended; 1 or more. A further one is answered
 *     429
 * @param maxOpenRequests of one caller, single requests that have not ended; 1 or more. A further
 *     one is answered 429
 * @param gateway the gateway's URL; empty: one that the registry knows
 * @param gatewayName the registry's application name of the gateway
 * @param webhooks who is told when a batch, or a single request, ends
 * @param s3 where files and answers lie in place of the directory
 */
@ConfigurationProperties(prefix = "fleet.jobs", ignoreUnknownFields = false)
public record JobsProperties(
    @DefaultValue("./jobs") Path directory,
    @DefaultValue("2GB") DataSize maxFileSize,
    @DefaultValue("1000000") int maxLines,
    @DefaultValue("64MB") DataSize maxLineSize,
    @DefaultValue("16MB") DataSize maxAnswerSize,
    @DefaultValue("256MB") DataSize minFreeSpace,
    @DefaultValue("200") int sliceLines,
    @DefaultValue("4MB") DataSize sliceSize,
    @DefaultValue("16") int concurrentSlices,
    @DefaultValue("32") int concurrentLines,
    @DefaultValue("64") int concurrentJobs,
    @DefaultValue("24h") Duration jobWindow,
    @DefaultValue("64MB") DataSize maxRequestSize,
    @DefaultValue("1h") Duration linePatience,
    @DefaultValue("30s") Duration credentialsPatience,
    @DefaultValue("5") int maxTries,
    @DefaultValue("90s") Duration requestTimeout,
    @DefaultValue("30d") Duration retention,
    @DefaultValue("0B") DataSize maxStoreSize,
    @DefaultValue("0B") DataSize maxOwnerSize,
    @DefaultValue("1000") int maxOpenBatches,
    @DefaultValue("10000") int maxOpenRequests,
    @DefaultValue("") String gateway,
    @DefaultValue("gateway-service") String gatewayName,
    @NestedConfigurationProperty @DefaultValue WebhookProperties webhooks,
    @NestedConfigurationProperty @DefaultValue S3Properties s3) {

  private static final int MOST_LINES = 1_000_000;

  public JobsProperties {
    require(maxFileSize.toBytes() >= 1, "max-file-size", maxFileSize, ">= 1B");
    require(maxLines >= 1 && maxLines <= MOST_LINES, "max-lines", maxLines, "1 to " + MOST_LINES);
    require(isLength(maxLineSize), "max-line-size", maxLineSize, "1B to 1GB");
    require(isLength(maxAnswerSize), "max-answer-size", maxAnswerSize, "1B to 1GB");
    require(!minFreeSpace.isNegative(), "min-free-space", minFreeSpace, ">= 0B");
    require(sliceLines >= 1 && sliceLines <= 10_000, "slice-lines", sliceLines, "1 to 10000");
    require(sliceSize.toBytes() >= 1, "slice-size", sliceSize, ">= 1B");
    require(concurrentSlices >= 1, "concurrent-slices", concurrentSlices, ">= 1");
    require(concurrentLines >= 1, "concurrent-lines", concurrentLines, ">= 1");
    require(concurrentJobs >= 1, "concurrent-jobs", concurrentJobs, ">= 1");
    require(jobWindow.toSeconds() >= 1, "job-window", jobWindow, ">= 1s");
    require(isLength(maxRequestSize), "max-request-size", maxRequestSize, "1B to 1GB");
    require(!linePatience.isNegative(), "line-patience", linePatience, ">= 0");
    require(!credentialsPatience.isNegative(), "credentials-patience", credentialsPatience, ">= 0");
    require(maxTries >= 1, "max-tries", maxTries, ">= 1");
    require(!retention.isNegative(), "retention", retention, ">= 0");
    require(!maxStoreSize.isNegative(), "max-store-size", maxStoreSize, ">= 0B");
    require(!maxOwnerSize.isNegative(), "max-owner-size", maxOwnerSize, ">= 0B");
    require(maxOpenBatches >= 1, "max-open-batches", maxOpenBatches, ">= 1");
    require(maxOpenRequests >= 1, "max-open-requests", maxOpenRequests, ">= 1");
    require(requestTimeout.toMillis() >= 1, "request-timeout", requestTimeout, ">= 1ms");
  }

  private static boolean isLength(DataSize size) {
    return size.toBytes() >= 1 && size.compareTo(DataSize.ofGigabytes(1)) <= 0;
  }

  static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.jobs." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
