package io.onnxfleet.inference.protocol.openai.rerank;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.textsettings.RerankMethod;
import io.onnxfleet.inference.protocol.openai.task.ArgumentValue;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the body of one rerank request. Not thread-safe, used once. */
final class RerankRequestReader {
  private static final List<String> USUAL_FIELDS = List.of("text");
  private static final int MOST_FIELDS = 32;

  /** Of all documents together: one takes many times the few bytes that it is in a body. */
  static final int MOST_FIELDS_IN_ALL = 1 << 17;

  private static final TaskArguments<RerankRequestReader> ARGUMENTS =
      TaskArguments.<RerankRequestReader>none()
          .with("query", (reader, value) -> reader.query = value.text())
          .with(
              "documents",
              (reader, value) ->
                  reader.documents =
                      value.elements("documents", reader.maxDocuments, reader::readDocument))
          .with(
              "rank_fields",
              (reader, value) ->
                  reader.fields = value.elements("fields", MOST_FIELDS, ArgumentValue::name))
          .with("top_n", (reader, value) -> reader.topN = value.wholeNumber(1))
          .with("return_documents", (reader, value) -> reader.returnsDocuments = value.flag())
          .with("max_tokens_per_doc", (reader, value) -> reader.mostTokens = value.wholeNumber(1))
          .with(
              "reranking",
              (reader, value) ->
                  reader.method = value.chosen(RerankMethod::of, RerankMethod.labels()))
          .with(
              "overlong",
              (reader, value) ->
                  reader.overlong =
                      value.chosen(TextOptions.Overlong::of, TextOptions.Overlong.labels()))
          .with("raw_scores", (reader, value) -> reader.raw = value.flag());

  private final int maxDocuments;
  private int fieldsInAll;
  private @Nullable String query;
  private @Nullable List<Document> documents;
  private List<String> fields = USUAL_FIELDS;
  private int topN = Integer.MAX_VALUE;
  private boolean returnsDocuments;
  private int mostTokens = Integer.MAX_VALUE;
  private @Nullable RerankMethod method;
  private boolean raw;
  private TextOptions.Overlong overlong = TextOptions.Overlong.WINDOWS;

  private RerankRequestReader(int maxDocuments) {
    this.maxDocuments = maxDocuments;
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static RerankRequest read(InputStream body, int maxDocuments) throws IOException {
    RerankRequestReader reader = new RerankRequestReader(maxDocuments);
    return reader.request(ARGUMENTS.read(body, reader));
  }

  private RerankRequest request(TaskRequest shared) {
    if (query == null) {
      throw BodyArguments.absent("query", "a string");
    }
    if (query.isBlank()) {
      throw InferenceException.invalidInput(
          "query: %s (expected at least one character that is not white space)",
          query.isEmpty() ? "an empty string" : "white space");
    }
    if (documents == null) {
      throw BodyArguments.absent("documents", "an array of 1 to " + maxDocuments);
    }
    List<String> texts = new ArrayList<>(documents.size());
    for (int index = 0; index < documents.size(); index++) {
      texts.add(documents.get(index).text(index, fields));
    }
    return new RerankRequest(
        shared, query, texts, topN, returnsDocuments, mostTokens, method, raw, overlong);
  }

  private Document readDocument(ArgumentValue value) {
    return switch (value.parser().currentToken()) {
      case VALUE_STRING -> new Plain(value.text());
      case START_OBJECT -> readFields(value.parser());
      case null, default -> throw value.wrong("a string, or an object with a text");
    };
  }

  private Fields readFields(JsonParser parser) {
    Map<String, String> strings = new HashMap<>();
    Map<String, String> others = new HashMap<>();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      if (++fieldsInAll > MOST_FIELDS_IN_ALL) {
        throw new InferenceException(
            ErrorCode.REQUEST_TOO_LARGE,
            "documents: more than %d fields in all (expected: <= that)"
                .formatted(MOST_FIELDS_IN_ALL));
      }
      JsonToken token = parser.nextToken();
      if (token == JsonToken.VALUE_STRING) {
        strings.put(name, parser.getString());
      } else if (token != JsonToken.VALUE_NULL) {
        others.put(name, token.isScalarValue() ? parser.getString() : "an object or array");
        parser.skipChildren();
      }
    }
    return new Fields(strings, others);
  }

  /** A document as it came, of which the fields to rank may be named later. */
  private sealed interface Document {
    String text(int index, List<String> fields);
  }

  private record Plain(String text) implements Document {
    @Override
    public String text(int index, List<String> fields) {
      return text;
    }
  }

  /**
   * Of several fields.
   *
   * @param strings those that are strings
   * @param others the kinds of all others
   */
  private record Fields(Map<String, String> strings, Map<String, String> others)
      implements Document {
    @Override
    public String text(int index, List<String> fields) {
      List<String> texts = new ArrayList<>(fields.size());
      for (String field : fields) {
        if (others.containsKey(field)) {
          throw InferenceException.invalidInput(
              "documents[%d].%s: %s (expected a string)", index, field, others.get(field));
        }
        String text = strings.get(field);
        if (text != null) {
          texts.add(text);
        }
      }
      if (texts.isEmpty()) {
        throw InferenceException.invalidInput(
            "documents[%d]: an object with none of the fields %s (expected a string in one;"
                + " rank_fields names them)",
            index, fields);
      }
      return String.join("\n", texts);
    }
  }
}
