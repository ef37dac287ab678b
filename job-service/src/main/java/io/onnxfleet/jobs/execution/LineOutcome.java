package io.onnxfleet.jobs.execution;

import java.net.http.HttpHeaders;

/** What came of a line, or of a single request. */
public sealed interface LineOutcome {

  /**
   * The gateway answered.
   *
   * @param body as it came; of a line it is JSON, without line ends
   * @param tokens that it took
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Answered(int status, String requestId, HttpHeaders headers, byte[] body, long tokens)
      implements LineOutcome {
    private static final int FIRST_FAILURE = 300;

    public boolean isSuccess() {
      return status < FIRST_FAILURE;
    }
  }

  /** There is no answer, for good. */
  record Unanswered(String code, String message) implements LineOutcome {}

  /** The owner may not ask any more; no other line of the batch may be asked either. */
  record Refused(String code, String message) implements LineOutcome {}
}
