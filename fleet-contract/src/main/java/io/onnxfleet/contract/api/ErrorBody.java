package io.onnxfleet.contract.api;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The body of a refusal: exactly {@code {"error":"message"}}, or OpenAI's shape below {@code /v1},
 * with the message beside it where Cohere's clients look for it.
 *
 * @param shape that it has
 * @param type OpenAI's; null where the shape has none
 * @param param the argument at fault; null if it is none, or the shape has none
 * @param code what programs tell errors of one type apart by; null if nothing does
 */
public record ErrorBody(
    Shape shape,
    String message,
    @Nullable String type,
    @Nullable String param,
    @Nullable String code) {

  /** The shapes of a refusal. */
  public enum Shape {
    /** The message alone. */
    MESSAGE,
    OPENAI,
    /** OpenAI's, and the message beside it. */
    COHERE
  }

  private static final String ERROR = "error";
  private static final String MESSAGE = "message";
  private static final String TYPE = "type";
  private static final String PARAM = "param";
  private static final String CODE = "code";
  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  /** What a request for a path is told. */
  public static ErrorBody of(String path, ErrorCode code, String message) {
    return of(path, code, message, code.param());
  }

  /**
   * The same, about an argument that the code alone does not tell.
   *
   * @param param null if it is none
   */
  public static ErrorBody of(String path, ErrorCode code, String message, @Nullable String param) {
    return ApiPaths.isOpenAi(path)
        ? new ErrorBody(
            ApiPaths.isCohere(path) ? Shape.COHERE : Shape.OPENAI,
            message,
            code.category().openAiType(),
            param,
            code.label())
        : new ErrorBody(Shape.MESSAGE, message, null, null, null);
  }

  /** As it is sent. */
  public byte[] write() {
    return json().getBytes(StandardCharsets.UTF_8);
  }

  private String json() {
    StringBuilder json = new StringBuilder(160).append("{\"").append(ERROR).append("\":");
    if (shape == Shape.MESSAGE) {
      quoted(json, message);
      return json.append('}').toString();
    }
    quoted(json.append("{\"").append(MESSAGE).append("\":"), message);
    quoted(json.append(",\"").append(TYPE).append("\":"), type);
    quoted(json.append(",\"").append(PARAM).append("\":"), param);
    quoted(json.append(",\"").append(CODE).append("\":"), code);
    json.append('}');
    if (shape == Shape.COHERE) {
      quoted(json.append(",\"").append(MESSAGE).append("\":"), message);
    }
    return json.append('}').toString();
  }

  private static void quoted(StringBuilder json, @Nullable String text) {
    if (text == null) {
      json.append("null");
      return;
    }
    json.append('"');
    for (int index = 0; index < text.length(); index++) {
      char next = text.charAt(index);
      switch (next) {
        case '"', '\\' -> json.append('\\').append(next);
        case '\b' -> json.append("\\b");
        case '\t' -> json.append("\\t");
        case '\n' -> json.append("\\n");
        case '\f' -> json.append("\\f");
        case '\r' -> json.append("\\r");
        default -> {
          if (next < ' ') {
            json.append("\\u00").append(HEX[next >> 4]).append(HEX[next & 0xF]);
          } else {
            json.append(next);
          }
        }
      }
    }
    json.append('"');
  }
}
