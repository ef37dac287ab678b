package io.onnxfleet.jobs.api;

import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.BatchStatus;
import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.job.Job;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's objects, and the job beside them. Stateless. */
final class Shapes {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String OBJECT = "object";

  private Shapes() {}

  static ObjectNode file(StoredFile file) {
    return JSON.createObjectNode()
        .put("id", file.id())
        .put(OBJECT, "file")
        .put("bytes", file.size())
        .put("created_at", file.createdAt())
        .put("filename", file.filename())
        .put("purpose", file.purpose())
        .put("status", "processed");
  }

  static ObjectNode deletedFile(String id) {
    return JSON.createObjectNode().put("id", id).put(OBJECT, "file").put("deleted", true);
  }

  static ObjectNode batch(Batch batch) {
    Batch.Times times = batch.times();
    ObjectNode shape =
        JSON.createObjectNode()
            .put("id", batch.id())
            .put(OBJECT, "batch")
            .put("endpoint", batch.endpoint());
    shape.set("errors", read(batch.errors()));
    shape
        .put("input_file_id", batch.inputFileId())
        .put("completion_window", batch.completionWindow())
        .put("status", status(batch))
        .put("output_file_id", batch.outputFileId())
        .put("error_file_id", batch.errorFileId())
        .put("created_at", times.created())
        .put("in_progress_at", times.inProgress())
        .put("expires_at", times.expires())
        .put("finalizing_at", times.finalizing())
        .put("completed_at", times.completed())
        .put("failed_at", times.failed())
        .put("expired_at", times.expired())
        .put("cancelling_at", times.cancelling())
        .put("cancelled_at", times.cancelled());
    shape
        .putObject("request_counts")
        .put("total", batch.counts().total())
        .put("completed", batch.counts().completed())
        .put("failed", batch.counts().failed());
    shape.set("usage", usage(batch.tokens()));
    shape.set("metadata", read(batch.metadata()));
    return shape;
  }

  /**
   * A job.
   *
   * @param position how many jobs wait that came before; null if it does not wait any more
   */
  static ObjectNode job(Job job, @Nullable Long position) {
    Job.Times times = job.times();
    ObjectNode shape =
        JSON.createObjectNode()
            .put("id", job.id())
            .put(OBJECT, "job")
            .put("status", job.status().label())
            .put("position", position)
            .put("url", job.request().target())
            .put("created_at", times.created())
            .put("in_progress_at", times.inProgress())
            .put("ended_at", times.ended())
            .put("expires_at", times.expires());
    Job.Answer answer = job.answer();
    if (answer == null) {
      shape.putNull("result");
    } else {
      shape.putObject("result").put("status_code", answer.status()).put("bytes", answer.size());
    }
    Job.Failure failure = job.failure();
    if (failure == null) {
      shape.putNull("error");
    } else {
      shape.putObject("error").put("code", failure.code()).put("message", failure.message());
    }
    return shape;
  }

  private static String status(Batch batch) {
    if (batch.status().isEnd()) {
      return batch.status().label();
    }
    if (batch.ending() == Ending.CANCELLED) {
      return "cancelling";
    }
    return batch.ending() != null && batch.status() == BatchStatus.IN_PROGRESS
        ? "finalizing"
        : batch.status().label();
  }

  private static ObjectNode usage(long tokens) {
    ObjectNode usage = JSON.createObjectNode();
    usage.put("input_tokens", tokens);
    usage.putObject("input_tokens_details").put("cached_tokens", 0);
    usage.put("output_tokens", 0);
    usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
    return usage.put("total_tokens", tokens);
  }

  private static JsonNode read(@Nullable String json) {
    return json == null ? JSON.nullNode() : JSON.readTree(json);
  }

  /**
   * A page.
   *
   * @param found at most one more than the limit, which says that there are more
   */
  static <T> ObjectNode list(
      List<T> found, int limit, Function<T, ObjectNode> shape, Function<T, String> id) {
    List<T> shown = found.subList(0, Math.min(limit, found.size()));
    ObjectNode list = JSON.createObjectNode().put(OBJECT, "list");
    ArrayNode data = list.putArray("data");
    shown.forEach(each -> data.add(shape.apply(each)));
    list.put("first_id", shown.isEmpty() ? null : id.apply(shown.getFirst()));
    list.put("last_id", shown.isEmpty() ? null : id.apply(shown.getLast()));
    return list.put("has_more", found.size() > limit);
  }
}
