package io.onnxfleet.contract.api;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The body of a refusal: exactly {@code {"error":"message"}}, or OpenAI's shape below {@code /v1}.
 *
 * @param openAi whether it has OpenAI's shape; else it is the message alone
 * @param type OpenAI's; null where the shape has none
 * @param param the argument at fault; null if it is none, or the shape has none
 * @param code what programs tell errors of one type apart by; null if nothing does
 */
public record ErrorBody(
    boolean openAi,
    String message,
    @Nullable String type,
    @Nullable String param,
    @Nullable String code) {

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
        ? new ErrorBody(true, message, code.category().openAiType(), param, code.label())
        : new ErrorBody(false, message, null, null, null);
  }

  /** As it is sent. */
  public byte[] write() {
    return json().getBytes(StandardCharsets.UTF_8);
  }

  private String json() {
    StringBuilder json = new StringBuilder(160).append("{\"").append(ERROR).append("\":");
    if (!openAi) {
      quoted(json, message);
      return json.append('}').toString();
    }
    quoted(json.append("{\"").append(MESSAGE).append("\":"), message);
    quoted(json.append(",\"").append(TYPE).append("\":"), type);
    quoted(json.append(",\"").append(PARAM).append("\":"), param);
    quoted(json.append(",\"").append(CODE).append("\":"), code);
    return json.append("}}").toString();
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
