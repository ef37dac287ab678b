package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.jobs.execution.LineOutcome;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Lines of a batch's files, as OpenAI's clients read them. Stateless. */
final class LineRecords {
  private LineRecords() {}

  /** A line with the answer in it, byte for byte; ends with LF. */
  static byte[] answered(String id, String customId, LineOutcome.Answered answer) {
    ByteSink line = new ByteSink();
    put(line, "{\"id\":" + quoted(id) + ",\"custom_id\":" + quoted(customId));
    put(line, ",\"response\":{\"status_code\":" + answer.status());
    put(line, ",\"request_id\":" + quoted(answer.requestId()) + ",\"body\":");
    line.write(answer.body(), 0, answer.body().length);
    put(line, "},\"error\":null}\n");
    return bytes(line);
  }

  /** A line that says why there is no answer; ends with LF. */
  static byte[] unanswered(String id, String customId, String code, String message) {
    ObjectNode line = JsonMapper.shared().createObjectNode();
    line.put("id", id).put("custom_id", customId).putNull("response");
    line.putObject("error").put("code", code).put("message", message);
    return (line + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String quoted(String text) {
    return JsonMapper.shared().writeValueAsString(text);
  }

  private static void put(ByteSink line, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    line.write(bytes, 0, bytes.length);
  }

  private static byte[] bytes(ByteSink line) {
    return Arrays.copyOf(line.array(), line.size());
  }
}
