package io.onnxfleet.gateway.aggregate;

import java.nio.charset.StandardCharsets;

/**
 * One replica's part of an answer.
 *
 * @param replica its id
 * @param status its HTTP status, or 0 when it did not answer
 * @param body as it came; the reason when it did not answer
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, and read once.
record ReplicaAnswer(String replica, int status, byte[] body) {

  static ReplicaAnswer none(String replica, Throwable failure) {
    return new ReplicaAnswer(replica, 0, String.valueOf(failure).getBytes(StandardCharsets.UTF_8));
  }

  boolean isSuccess() {
    return status >= 200 && status < 300;
  }

  /** The status, or that there was none. */
  String outcome() {
    return status == 0 ? "no answer" : Integer.toString(status);
  }
}
