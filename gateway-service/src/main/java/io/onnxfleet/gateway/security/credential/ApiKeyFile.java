package io.onnxfleet.gateway.security.credential;

import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.quota.Quota;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads keys: a JSON object a line, empty lines and lines that begin with {@code #} left out. A
 * file is right as a whole or not at all, since half of the keys would shut out the others. {@link
 * KeyCommand} writes such lines.
 */
final class ApiKeyFile {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static final String NAME = "name";
  static final String SHA256 = "sha256";
  static final String MODELS = "models";
  static final String SCOPES = "scopes";
  static final String EXPIRES = "expires";
  static final String REQUESTS = "requests_per_minute";
  static final String ROWS = "rows_per_minute";
  static final String TOKENS = "tokens_per_minute";
  static final String CONCURRENT = "concurrent_requests";

  private static final Set<String> KNOWN =
      Set.of(NAME, SHA256, MODELS, SCOPES, EXPIRES, REQUESTS, ROWS, TOKENS, CONCURRENT);

  private ApiKeyFile() {}

  /**
   * The keys of a file.
   *
   * @throws IllegalArgumentException with the line's number and what is wrong with it
   */
  static List<ApiKey> parse(String text) {
    List<ApiKey> keys = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Set<CredentialDigest> digests = new HashSet<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      String stripped = line.strip();
      if (stripped.isEmpty() || stripped.startsWith("#")) {
        continue;
      }
      try {
        ApiKey key = key(stripped);
        if (!names.add(key.name())) {
          throw new IllegalArgumentException(
              "name: '%s', a second time (expected: each once)".formatted(key.name()));
        }
        if (!digests.add(key.digest())) {
          throw new IllegalArgumentException(
              "sha256: that of another key (expected: each key once)");
        }
        keys.add(key);
      } catch (IllegalArgumentException wrong) {
        throw new IllegalArgumentException("line " + number + ": " + wrong.getMessage(), wrong);
      }
    }
    return keys;
  }

  private static ApiKey key(String line) {
    JsonNode json;
    try {
      json = JSON.readTree(line);
    } catch (JacksonException broken) {
      throw new IllegalArgumentException("not JSON: " + broken.getOriginalMessage(), broken);
    }
    if (!json.isObject()) {
      throw new IllegalArgumentException("not a JSON object");
    }
    for (Map.Entry<String, JsonNode> field : json.properties()) {
      if (!KNOWN.contains(field.getKey())) {
        throw new IllegalArgumentException(
            "unknown key '%s' (expected: %s)"
                .formatted(field.getKey(), String.join(", ", KNOWN.stream().sorted().toList())));
      }
    }
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (String label : texts(json, SCOPES)) {
      scopes.add(Scope.parse(label));
    }
    return new ApiKey(
        text(json, NAME),
        CredentialDigest.parse(text(json, SHA256)),
        json.has(MODELS) ? texts(json, MODELS) : List.of("*"),
        scopes,
        json.has(EXPIRES) ? instant(text(json, EXPIRES)) : null,
        new Quota(
            number(json, REQUESTS),
            number(json, ROWS),
            number(json, TOKENS),
            (int) number(json, CONCURRENT)));
  }

  private static String text(JsonNode json, String key) {
    JsonNode value = json.get(key);
    if (value == null || !value.isString()) {
      throw wrong(key, value, "a string");
    }
    return value.stringValue();
  }

  private static List<String> texts(JsonNode json, String key) {
    JsonNode value = json.get(key);
    if (value == null || !value.isArray()) {
      throw wrong(key, value, "an array of strings");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode element : value) {
      if (!element.isString()) {
        throw wrong(key, value, "an array of strings");
      }
      texts.add(element.stringValue());
    }
    return texts;
  }

  private static long number(JsonNode json, String key) {
    JsonNode value = json.get(key);
    if (value == null) {
      return 0;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw wrong(key, value, "a whole number, at least 1");
    }
    return value.intValue();
  }

  private static Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException malformed) {
      throw new IllegalArgumentException(
          "%s: '%s' (expected: a time such as 2030-01-31T00:00:00Z)".formatted(EXPIRES, text),
          malformed);
    }
  }

  private static IllegalArgumentException wrong(
      String key, @Nullable JsonNode value, String expected) {
    return new IllegalArgumentException("%s: %s (expected: %s)".formatted(key, value, expected));
  }
}
