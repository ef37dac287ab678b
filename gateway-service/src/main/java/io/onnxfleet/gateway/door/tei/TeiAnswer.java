package io.onnxfleet.gateway.door.tei;

import java.io.ByteArrayOutputStream;
import java.util.function.Function;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How TEI's answer is made out of a call's. */
sealed interface TeiAnswer {

  /** Out of the tree of it. */
  record OfTree(Function<JsonNode, JsonNode> reading) implements TeiAnswer {}

  /**
   * The vectors of each text, as they are. They are copied as they are read: a tree of so many
   * numbers would take many times what they do.
   */
  record Vectors() implements TeiAnswer {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** No more bytes than the answer has. */
    byte[] copied(byte[] answer) {
      ByteArrayOutputStream copy = new ByteArrayOutputStream(answer.length);
      try (JsonParser parser = JSON.createParser(answer);
          JsonGenerator json = JSON.createGenerator(copy)) {
        json.writeStartArray();
        parser.nextToken();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
          parser.nextToken();
          if (name.equals("data")) {
            copyTexts(parser, json);
          } else {
            parser.skipChildren();
          }
        }
        json.writeEndArray();
      }
      return copy.toByteArray();
    }

    private static void copyTexts(JsonParser parser, JsonGenerator json) {
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
          parser.nextToken();
          if (name.equals("embedding")) {
            json.copyCurrentStructure(parser);
          } else {
            parser.skipChildren();
          }
        }
      }
    }
  }
}
