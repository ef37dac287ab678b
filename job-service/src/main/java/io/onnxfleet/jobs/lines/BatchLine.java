package io.onnxfleet.jobs.lines;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * One line of a batch's input: {@code {"custom_id", "method", "url", "body"}}. The body stays the
 * bytes that it was written as, so that no number of it becomes another one.
 *
 * @param customId what its owner knows it by
 * @param content the whole line
 * @param bodyFrom where the body begins in it
 * @param bodyTo where it ends
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record BatchLine(String customId, byte[] content, int bodyFrom, int bodyTo) {
  static final int LONGEST_ID = 512;

  private static final String INVALID_JSON = "invalid_json_line";
  private static final String CUSTOM_ID = "custom_id";
  private static final String METHOD = "method";
  private static final String URL = "url";
  private static final String BODY = "body";
  private static final String POST = "POST";
  private static final int DECODED_AT_ONCE = 8 << 10;

  /** Of the line's own keys; none of the body's is ever made. */
  private static final int LONGEST_TEXT = 8 << 10;

  /** Keeps no set of keys: a body may have millions. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(LONGEST_TEXT).build())
          .build();

  /** Bytes of the body. */
  public int bodyLength() {
    return bodyTo - bodyFrom;
  }

  /**
   * Reads a line.
   *
   * @param endpoint of the batch, which the line must name
   */
  static BatchLine read(byte[] content, String endpoint) throws LineException {
    requireText(content);
    Found found = new Found();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), content)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new LineException(INVALID_JSON, "not a JSON object (expected: one a line)", null);
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        found.take(parser);
      }
      if (parser.nextToken() != null) {
        throw new LineException(
            INVALID_JSON, "more than one JSON value (expected: one object a line)", null);
      }
    } catch (JacksonException broken) {
      throw new LineException(INVALID_JSON, "not JSON: " + broken.getOriginalMessage(), null);
    }
    return found.checked(content, endpoint);
  }

  private static void requireText(byte[] content) throws LineException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer bytes = ByteBuffer.wrap(content);
    CharBuffer characters = CharBuffer.allocate(DECODED_AT_ONCE);
    CoderResult result = CoderResult.OVERFLOW;
    while (result.isOverflow()) {
      characters.clear();
      result = decoder.decode(bytes, characters, true);
    }
    if (result.isError()) {
      throw new LineException(
          "invalid_utf8", "byte %d is not UTF-8".formatted(bytes.position() + 1), null);
    }
  }

  /** The keys of a line as they come. */
  private static final class Found {
    private @Nullable String customId;
    private @Nullable String method;
    private @Nullable String url;
    private int bodyFrom = -1;
    private int bodyTo;

    void take(JsonParser parser) throws LineException {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      boolean isSecond =
          switch (name) {
            case CUSTOM_ID -> customId != null;
            case METHOD -> method != null;
            case URL -> url != null;
            case BODY -> bodyFrom >= 0;
            default -> false;
          };
      if (isSecond) {
        throw new LineException(INVALID_JSON, name + ": a second one (expected: one)", name);
      }
      switch (name) {
        case CUSTOM_ID -> customId = text(parser, value, CUSTOM_ID);
        case METHOD -> method = text(parser, value, METHOD);
        case URL -> url = text(parser, value, URL);
        case BODY -> {
          if (value != JsonToken.START_OBJECT) {
            throw new LineException("invalid_body", "body: no object (expected: one)", BODY);
          }
          bodyFrom = (int) parser.currentTokenLocation().getByteOffset();
          parser.skipChildren();
          bodyTo = (int) parser.currentLocation().getByteOffset();
        }
        default -> parser.skipChildren();
      }
    }

    private static String text(JsonParser parser, JsonToken value, String name)
        throws LineException {
      if (value != JsonToken.VALUE_STRING) {
        throw new LineException("invalid_" + name, name + ": no string (expected: one)", name);
      }
      return parser.getString();
    }

    BatchLine checked(byte[] content, String endpoint) throws LineException {
      String id = customId;
      if (id == null || id.isEmpty() || id.length() > LONGEST_ID || !isText(id)) {
        throw new LineException(
            id == null ? "missing_custom_id" : "invalid_custom_id",
            "custom_id: %s (expected: 1 to %d characters)"
                .formatted(id == null ? "none" : id.length() + " characters", LONGEST_ID),
            CUSTOM_ID);
      }
      if (!POST.equals(method)) {
        throw new LineException(
            "invalid_method", "method: %s (expected: POST)".formatted(shown(method)), METHOD);
      }
      if (!endpoint.equals(url)) {
        throw new LineException(
            "mismatched_url",
            "url: %s (expected: the batch's endpoint, '%s')".formatted(shown(url), endpoint),
            URL);
      }
      if (bodyFrom < 0) {
        throw new LineException("missing_body", "body: none (expected: an object)", BODY);
      }
      return new BatchLine(id, content, bodyFrom, bodyTo);
    }

    /** Half a surrogate pair, which an escape may be, cannot be written in UTF-8. */
    private static boolean isText(String id) {
      return StandardCharsets.UTF_8.newEncoder().canEncode(id);
    }

    private static String shown(@Nullable String given) {
      if (given == null) {
        return "none";
      }
      return given.length() > LONGEST_ID
          ? "'" + given.substring(0, LONGEST_ID) + "...'"
          : "'" + given + "'";
    }
  }
}
