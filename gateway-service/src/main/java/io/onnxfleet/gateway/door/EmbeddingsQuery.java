package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.failure.GatewayException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.util.MultiValueMap;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * {@code GET /v1/embeddings?model=m&input=text}, with {@code input} once or more often, {@code
 * encoding_format}, {@code dimensions}, {@code prompt_name}, {@code input_type} and {@code
 * truncate}. Replicas know only POST, so it becomes one.
 *
 * @param body what a POST would say
 */
record EmbeddingsQuery(String model, BodySource.InMemory body) {

  private static final String MODEL = "model";
  private static final String INPUT = "input";
  private static final String ENCODING_FORMAT = "encoding_format";
  private static final String DIMENSIONS = "dimensions";

  /** What goes on as it came. */
  private static final List<String> STRINGS =
      List.of(ENCODING_FORMAT, "prompt_name", "input_type", "truncate");

  private static final List<String> NAMES =
      Stream.concat(Stream.of(INPUT, MODEL, DIMENSIONS), STRINGS.stream()).toList();

  static EmbeddingsQuery read(MultiValueMap<String, String> parameters, String defaultModel) {
    for (String name : parameters.keySet()) {
      List<String> values = parameters.getOrDefault(name, List.of());
      if (!NAMES.contains(name) || (values.size() > 1 && !name.equals(INPUT))) {
        throw malformed(
            "query parameter '%s', %d times (expected: input, and once each: %s)"
                .formatted(name, values.size(), String.join(", ", NAMES.subList(1, NAMES.size()))));
      }
    }
    List<String> inputs = parameters.getOrDefault(INPUT, List.of());
    if (inputs.isEmpty()) {
      throw malformed("no query parameter 'input' (expected: at least one)");
    }
    String given = parameters.getFirst(MODEL);
    String model = given == null ? defaultModel : given;
    StringBuilder json = new StringBuilder(128);
    quoted(json.append("{\"model\":"), model);
    json.append(",\"input\":[");
    for (int i = 0; i < inputs.size(); i++) {
      quoted(i == 0 ? json : json.append(','), inputs.get(i));
    }
    json.append(']');
    for (String name : STRINGS) {
      String value = parameters.getFirst(name);
      if (value != null) {
        quoted(json.append(",\"").append(name).append("\":"), value);
      }
    }
    String dimensions = parameters.getFirst(DIMENSIONS);
    if (dimensions != null) {
      if (!dimensions.matches("[1-9][0-9]{0,8}")) {
        throw malformed("dimensions: '" + dimensions + "' (expected: a whole number, at least 1)");
      }
      json.append(",\"dimensions\":").append(dimensions);
    }
    byte[] body = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    return new EmbeddingsQuery(model, new BodySource.InMemory(body));
  }

  private static void quoted(StringBuilder json, String text) {
    json.append('"').append(JsonStringEncoder.getInstance().quoteAsCharArray(text)).append('"');
  }

  private static GatewayException malformed(String message) {
    return new GatewayException(ErrorCode.MALFORMED_REQUEST, message);
  }
}
