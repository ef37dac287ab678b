package io.onnxfleet.jobs.batch;

import io.onnxfleet.jobs.lines.LineError;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's list of a batch's errors, as JSON. Stateless. */
final class ErrorList {
  private ErrorList() {}

  static String json(List<LineError> errors) {
    ObjectNode list = JsonMapper.shared().createObjectNode();
    list.put("object", "list");
    ArrayNode data = list.putArray("data");
    for (LineError error : errors) {
      data.addObject()
          .put("code", error.code())
          .put("message", error.message())
          .put("param", error.param())
          .put("line", error.line());
    }
    return list.toString();
  }
}
