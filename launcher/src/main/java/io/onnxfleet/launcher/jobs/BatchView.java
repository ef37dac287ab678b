package io.onnxfleet.launcher.jobs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A batch as the gateway shows it.
 *
 * @param total lines; 0 until they are counted
 * @param created in seconds since the epoch
 * @param output id of the file of answers; null if there is none
 * @param errors id of the file of the other lines; null if there is none
 * @param reasons why it failed, each with its line
 */
public record BatchView(
    String id,
    String status,
    String endpoint,
    long total,
    long completed,
    long failed,
    long created,
    @Nullable String output,
    @Nullable String errors,
    List<String> reasons) {
  private static final List<String> ENDS = List.of("completed", "failed", "expired", "cancelled");
  private static final String COMPLETED = "completed";
  private static final String FAILED = "failed";

  static BatchView of(JsonTree json) {
    JsonTree counts = json.get("request_counts");
    return new BatchView(
        json.get("id").text("?"),
        json.get("status").text("?"),
        json.get("endpoint").text("?"),
        counts.get("total").number(),
        counts.get(COMPLETED).number(),
        counts.get(FAILED).number(),
        json.get("created_at").number(),
        json.get("output_file_id").text(),
        json.get("error_file_id").text(),
        json.get("errors").get("data").elements().stream().map(BatchView::reason).toList());
  }

  private static String reason(JsonTree error) {
    String message = error.get("message").text(error.get("code").text("?"));
    JsonTree line = error.get("line");
    return line.isNothing() ? message : "line " + line.number() + ": " + message;
  }

  /** Whether nothing becomes of it any more. */
  public boolean isEnded() {
    return ENDS.contains(status);
  }

  public boolean isCompleted() {
    return status.equals(COMPLETED);
  }

  /** Lines that have an answer or an error. */
  public long done() {
    return completed + failed;
  }
}
