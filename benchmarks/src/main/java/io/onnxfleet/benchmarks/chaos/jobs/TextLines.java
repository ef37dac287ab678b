package io.onnxfleet.benchmarks.chaos.jobs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Each asks for the vector of one of a few texts of equal length; which one, its number says.
 *
 * @param vectors the texts' own, as they were answered alone
 */
record TextLines(List<float[]> vectors) implements Lines {
  private static final int WORDS_OF_A_TEXT = 30;
  private static final double MOST_APART = 1e-4;

  /** Each of them is one token. */
  private static final List<String> WORDS =
      List.of(
          "time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world",
          "school", "state", "family", "student", "group", "country", "problem", "hand", "part");

  TextLines {
    vectors = List.copyOf(vectors);
  }

  /** Asks for each of their texts, alone. */
  static TextLines known(Running gateway) throws IOException, InterruptedException {
    List<float[]> vectors = new ArrayList<>();
    try (HttpClient http = HttpClient.newHttpClient()) {
      for (int text = 0; text < WORDS.size(); text++) {
        HttpRequest request =
            HttpRequest.newBuilder(gateway.uri(ApiPaths.EMBEDDINGS))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json(text)))
                .build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
          throw new IOException(
              "%d %s (expected: 200)".formatted(answer.statusCode(), answer.body()));
        }
        vectors.add(vector(JsonMapper.shared().readTree(answer.body())));
      }
    }
    return new TextLines(vectors);
  }

  /** The call that a line makes. */
  static Traffic.Call call(int line) {
    return Traffic.Call.embedding(JobFleet.MINILM, text(line));
  }

  private static String text(int line) {
    StringBuilder text = new StringBuilder(WORDS.get(line % WORDS.size()));
    for (int word = 1; word < WORDS_OF_A_TEXT; word++) {
      text.append(' ').append(WORDS.get((line % WORDS.size() + word * word) % WORDS.size()));
    }
    return text.toString();
  }

  @Override
  public String url() {
    return ApiPaths.EMBEDDINGS;
  }

  @Override
  public String body(int line) {
    return json(line);
  }

  private static String json(int line) {
    return new String(call(line).body(), US_ASCII);
  }

  @Override
  public boolean isRefused(int line) {
    return false;
  }

  @Override
  public boolean isAnswer(int line, JsonNode body) {
    return isNear(vector(body), vectors.get(line % WORDS.size()));
  }

  /** Of an answer; empty if it has none. */
  private static float[] vector(JsonNode body) {
    JsonNode embedding = body.at("/data/0/embedding");
    float[] vector = new float[embedding.size()];
    for (int index = 0; index < vector.length; index++) {
      vector[index] = (float) embedding.get(index).asDouble();
    }
    return vector;
  }

  private static boolean isNear(float[] one, float[] other) {
    if (one.length != other.length) {
      return false;
    }
    for (int index = 0; index < one.length; index++) {
      // So written that no number is not near.
      if (!(Math.abs(one[index] - other[index]) <= MOST_APART)) {
        return false;
      }
    }
    return true;
  }
}
