package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.jobs.batch.BatchRequest;
import io.onnxfleet.jobs.failure.JobException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what a batch is made of.
 *
 * @param ignored keys that change nothing
 */
record BatchBody(BatchRequest request, List<String> ignored) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String INPUT_FILE = "input_file_id";
  private static final String ENDPOINT = "endpoint";
  private static final String WINDOW = "completion_window";
  private static final String METADATA = "metadata";
  private static final Set<String> KNOWN = Set.of(INPUT_FILE, ENDPOINT, WINDOW, METADATA);
  private static final int MOST_BYTES = 1 << 20;
  private static final int LONGEST_ENDPOINT = 1000;
  private static final int LONGEST_ID = 64;
  private static final Pattern HOURS_OR_DAYS = Pattern.compile("([1-9]\\d{0,2})([hd])");
  private static final Duration SHORTEST = Duration.ofHours(1);
  private static final Duration LONGEST = Duration.ofDays(7);
  private static final int MOST_PAIRS = 16;
  private static final int LONGEST_KEY = 64;
  private static final int LONGEST_VALUE = 512;

  static BatchBody read(InputStream content) throws IOException {
    byte[] bytes = content.readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new JobException(
          ErrorCode.REQUEST_TOO_LARGE,
          "body: more than %d bytes (expected: <= %d)".formatted(MOST_BYTES, MOST_BYTES));
    }
    JsonNode json;
    try {
      json = JSON.readTree(bytes);
    } catch (JacksonException malformed) {
      throw new JobException(
          ErrorCode.INVALID_INPUT, "body: not JSON: " + malformed.getOriginalMessage());
    }
    if (json == null || !json.isObject()) {
      throw new JobException(ErrorCode.INVALID_INPUT, "body: no JSON object (expected: one)");
    }
    String window = text(json, WINDOW);
    return new BatchBody(
        new BatchRequest(
            bounded(text(json, INPUT_FILE)),
            endpoint(text(json, ENDPOINT)),
            window,
            window(window),
            metadata(json.get(METADATA))),
        json.properties().stream()
            .map(Map.Entry::getKey)
            .filter(key -> !KNOWN.contains(key))
            .toList());
  }

  private static String text(JsonNode json, String key) {
    JsonNode value = json.get(key);
    if (value == null || !value.isString()) {
      throw JobException.invalid(
          key, "%s: %s (expected: a string)".formatted(key, value == null ? "none" : "no string"));
    }
    return value.stringValue();
  }

  private static String bounded(String id) {
    if (id.length() > LONGEST_ID) {
      throw JobException.invalid(
          INPUT_FILE,
          "input_file_id: %d characters (expected: the id of a file)".formatted(id.length()));
    }
    return id;
  }

  /** A path that runs a model; nothing else of the API can be a line. */
  private static String endpoint(String given) {
    boolean runsModel =
        given.length() <= LONGEST_ENDPOINT
            && given.startsWith("/")
            && isPath(given)
            && ApiCall.read(ApiCall.Method.POST.name(), given) instanceof ApiCall.Asked asked
            && asked.call().need() == Need.INFER;
    if (!runsModel) {
      throw JobException.invalid(
          ENDPOINT,
          "endpoint: '%s' (expected: a path that runs a model, such as %s)"
              .formatted(
                  given.length() > LONGEST_ENDPOINT ? given.length() + " characters" : given,
                  ApiCall.EMBEDDINGS.path()));
    }
    return given;
  }

  private static boolean isPath(String given) {
    try {
      URI uri = URI.create("http://gateway" + given);
      // What is not ASCII would be sent as another path.
      return given.equals(uri.getRawPath()) && given.matches("[!-~]+");
    } catch (IllegalArgumentException malformed) {
      return false;
    }
  }

  private static Duration window(String given) {
    Matcher matcher = HOURS_OR_DAYS.matcher(given);
    if (matcher.matches()) {
      long count = Long.parseLong(matcher.group(1));
      Duration window =
          matcher.group(2).equals("h") ? Duration.ofHours(count) : Duration.ofDays(count);
      if (window.compareTo(SHORTEST) >= 0 && window.compareTo(LONGEST) <= 0) {
        return window;
      }
    }
    throw JobException.invalid(
        WINDOW,
        "completion_window: '%s' (expected: 24h, or 1h to 168h, or 1d to 7d)"
            .formatted(given.length() > LONGEST_KEY ? given.length() + " characters" : given));
  }

  private static @Nullable String metadata(@Nullable JsonNode given) {
    if (given == null || given.isNull()) {
      return null;
    }
    boolean isRight =
        given.isObject()
            && given.size() <= MOST_PAIRS
            && given.properties().stream()
                .allMatch(
                    pair ->
                        pair.getKey().length() <= LONGEST_KEY
                            && pair.getValue().isString()
                            && pair.getValue().stringValue().length() <= LONGEST_VALUE);
    if (!isRight) {
      throw JobException.invalid(
          METADATA,
          "metadata (expected: an object of at most %d strings, keys of at most %d characters,"
                  .formatted(MOST_PAIRS, LONGEST_KEY)
              + " values of at most "
              + LONGEST_VALUE
              + ")");
    }
    return given.toString();
  }
}
