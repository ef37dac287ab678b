package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * What a request for the repository's index says: {@code {"ready": true}}, or nothing. Other keys
 * are ignored.
 *
 * @param readyOnly whether only what serves is asked for
 */
record IndexRequest(boolean readyOnly) {

  /** Many times what any client sends. */
  static final int MOST_BYTES = 64 * 1024;

  private static final int MOST_OF_A_NAME = 1024;
  private static final int MOST_NESTING = 100;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(MOST_OF_A_NAME)
                  .maxNameLength(MOST_OF_A_NAME)
                  .maxNestingDepth(MOST_NESTING)
                  .build())
          .build();

  /** Reads tokens and builds nothing of what it ignores. */
  static IndexRequest read(byte[] body) {
    if (body.length == 0) {
      return new IndexRequest(false);
    }
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), body)) {
      boolean readyOnly = false;
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw malformed("the body is not a JSON object");
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean isReady = "ready".equals(parser.currentName());
        JsonToken value = parser.nextToken();
        if (!isReady) {
          parser.skipChildren();
        } else if (value.isBoolean()) {
          readyOnly = value == JsonToken.VALUE_TRUE;
        } else if (value != JsonToken.VALUE_NULL) {
          throw malformed("ready: " + value + " (expected: true or false)");
        }
      }
      if (parser.nextToken() != null) {
        throw malformed("more than one JSON object (expected: one)");
      }
      return new IndexRequest(readyOnly);
    } catch (JacksonException malformed) {
      throw malformed("the body is not a JSON object, or too deep (expected: {\"ready\":true})");
    }
  }

  private static GatewayException malformed(String message) {
    return new GatewayException(ErrorCode.MALFORMED_REQUEST, message);
  }
}
