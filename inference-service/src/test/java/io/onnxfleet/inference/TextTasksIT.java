package io.onnxfleet.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyTextModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every text task over HTTP, at one replica: answers, refusals, and texts that are made to hurt.
 */
class TextTasksIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String MODEL = "all-minilm-l6-v2";

  /** What a message begins with that is about an argument. */
  private static final Pattern ARGUMENT = Pattern.compile("(\\w+)[:\\[.]");

  @TempDir private static Path repository;
  private static RunningReplica replica;

  @BeforeAll
  static void start() throws IOException {
    Path models = Path.of(System.getProperty("fleet.root", ".."), "models").toRealPath();
    Files.createSymbolicLink(repository.resolve(MODEL), models.resolve(MODEL));
    write("cross", TinyTextModel.ofTexts(12, 3.3f), "Sequence", "{\"0\":\"r\"}");
    write(
        "sentiment",
        TinyTextModel.ofTexts(8, 10.3f, 16.5f, 5.3f),
        "Sequence",
        "{\"0\":\"bad\",\"1\":\"fair\",\"2\":\"good\"}");
    write(
        "two", TinyTextModel.ofTexts(8, 10.3f, 16.5f), "Sequence", "{\"0\":\"no\",\"1\":\"yes\"}");
    write(
        "nothing",
        TinyTextModel.ofTexts(8, Float.NaN, 0),
        "Sequence",
        "{\"0\":\"no\",\"1\":\"yes\"}");
    write(
        "tagger",
        TinyTextModel.ofTokens(3, 0, 1, 1, 1, 1),
        "Token",
        "{\"0\":\"O\",\"1\":\"B-PER\",\"2\":\"I-PER\",\"3\":\"B-LOC\",\"4\":\"I-LOC\"}");
    TinyTextModel.ofVocabulary(1000, 1).writeTo(repository, "weights");
    Path weights = repository.resolve("weights");
    Files.copy(
        repository.resolve(MODEL).resolve("tokenizer.json"), weights.resolve("tokenizer.json"));
    Files.writeString(
        weights.resolve("config.pbtxt"),
        "parameters { key: \"task\" value { string_value: \"sparse\" } }\n");
    replica = RunningReplica.serving(repository, "--fleet.inference.rerank.max-documents=10000");
  }

  private static void write(String name, OnnxGraph graph, String kind, String labels) {
    Path tokenizer = repository.resolve(MODEL).resolve("tokenizer.json");
    TinyTextModel.writeHub(
        repository.resolve(name),
        graph,
        "{\"architectures\":[\"BertFor%sClassification\"],\"model_type\":\"bert\",\"vocab_size\":30522,\"max_position_embeddings\":128,\"id2label\":%s}"
            .formatted(kind, labels),
        tokenizer);
  }

  @AfterAll
  static void stop() {
    replica.awaitBuffersReturned();
    replica.close();
  }

  @Test
  void models_sayTheirTasks() {
    JsonNode listed = json(replica.get("/v1/models"));
    Map<String, String> tasks = new TreeMap<>();
    listed
        .get("data")
        .forEach(model -> tasks.put(model.get("id").asString(), model.path("task").asString("")));
    assertThat(tasks)
        .containsEntry(MODEL, "embed")
        .containsEntry("cross", "rerank")
        .containsEntry("sentiment", "classify")
        .containsEntry("tagger", "token-classify")
        .containsEntry("weights", "sparse");
    assertThat(json(replica.get("/v1/models/sentiment")).at("/head/labels/2").asString())
        .isEqualTo("good");
    assertThat(
            json(replica.get("/v2/models/sentiment/config"))
                .at("/parameters/task/string_value")
                .asString())
        .isEqualTo("classify");
  }

  @Test
  void rerank_hasCoheresShape_inBothForms() {
    for (String version : List.of("1", "2")) {
      for (String model : List.of(MODEL, "cross")) {
        HttpResponse<byte[]> response =
            post(
                "/v" + version + "/rerank",
                Map.of(
                    "model",
                    model,
                    "query",
                    "How do I reset my card's code?",
                    "documents",
                    List.of(
                        "Bananas are yellow.",
                        Map.of("text", "Reset the code of a card in the app."),
                        ""),
                    "return_documents",
                    true,
                    "top_n",
                    7));
        JsonNode answer = ok(response);
        assertThat(answer.at("/meta/api_version/version").asString()).isEqualTo(version);
        assertThat(answer.at("/meta/billed_units/search_units").asInt()).isEqualTo(1);
        assertThat(answer.at("/usage/total_tokens").asInt()).isPositive();
        assertThat(answer.at("/id").asString()).isNotEmpty();
        assertThat(answer.at("/model").asString()).isEqualTo(model);
        assertThat(answer.get("results").size()).isEqualTo(3);
        double last = 1;
        for (JsonNode result : answer.get("results")) {
          assertThat(result.get("relevance_score").asDouble()).isBetween(0.0, last);
          last = result.get("relevance_score").asDouble();
        }
        if (model.equals(MODEL)) {
          assertThat(answer.at("/results/0/index").asInt()).isEqualTo(1);
          assertThat(answer.at("/results/0/document/text").asString()).startsWith("Reset");
        }
        assertThat(response.headers().firstValue("Inference-Windows")).contains("1, 1, 1");
        assertThat(response.headers().firstValue("Inference-Units").orElse(""))
            .startsWith("rows=3");
      }
    }
  }

  @Test
  void rerank_givesEqualDocumentsInTheirOrder_andNoMoreThanIsWanted() {
    JsonNode answer =
        ok(
            post(
                "/v1/rerank",
                Map.of(
                    "model",
                    "cross",
                    "query",
                    "a",
                    "documents",
                    List.of("x", "x", "x", "x"),
                    "top_n",
                    3)));
    assertThat(answer.get("results").findValuesAsString("index")).containsExactly("0", "1", "2");
    JsonNode raw =
        ok(
            post(
                "/v1/rerank",
                Map.of(
                    "model",
                    "cross",
                    "query",
                    "a",
                    "documents",
                    List.of("x"),
                    "raw_scores",
                    true)));
    assertThat(1 / (1 + Math.exp(-raw.at("/results/0/relevance_score").asDouble())))
        .isCloseTo(answer.at("/results/0/relevance_score").asDouble(), within(1e-4));
  }

  @Test
  void rerank_ranksTheFieldsThatAreNamed_andCountsNoMoreTokensThanAskedFor() {
    Map<String, Object> document =
        Map.of("title", "Reset the code of a card", "text", "Bananas", "year", 3);
    JsonNode byTitle =
        ok(
            post(
                "/v1/rerank",
                Map.of(
                    "query",
                    "reset code",
                    "documents",
                    List.of(document, "Reset it all"),
                    "rank_fields",
                    List.of("title"),
                    "return_documents",
                    true,
                    "top_n",
                    1)));
    assertThat(byTitle.at("/results/0/document/text").asString())
        .isEqualTo("Reset the code of a card");
    assertRefused(
        post(
            "/v1/rerank",
            Map.of("query", "q", "documents", List.of(document), "rank_fields", List.of("year"))),
        400,
        "documents[0].year: 3 (expected a string)");
    Map<String, Object> request =
        Map.of("query", "q", "documents", List.of("one two three four"), "max_tokens_per_doc", 2);
    int counted = ok(post("/v1/rerank", request)).at("/usage/total_tokens").asInt();
    assertThat(counted).isEqualTo(3 + 4);
  }

  @Test
  void rerank_refusesWhatItCannotRank() {
    List<String> many = Collections.nCopies(10_001, "x");
    assertRefused(
        post("/v1/rerank", Map.of("documents", List.of("a"))),
        400,
        "query: absent (expected a string)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a")),
        400,
        "documents: absent (expected an array of 1 to 10000)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", List.of())),
        400,
        "documents: an empty array (expected: 1 to 10000 documents)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "", "documents", List.of("a"))),
        400,
        "query: an empty string (expected at least one character that is not white space)");
    assertRefused(
        post("/v1/rerank", Map.of("query", " \n", "documents", List.of("a"))),
        400,
        "query: white space");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", List.of("a"), "top_n", 0)),
        400,
        "top_n: 0 (expected: >= 1)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", List.of("a"), "top_n", 1.5)),
        400,
        "top_n: a number (expected a whole number)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", "a")),
        400,
        "documents: a string (expected an array of documents)");
    assertRefused(
        post("/v1/rerank", Map.of("query", 3, "documents", List.of("a"))),
        400,
        "query: a number (expected a string)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", List.of("a", 3))),
        400,
        "documents[1]: a number (expected a string, or an object with a text)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", many)),
        400,
        "documents: 10001 documents (expected: <= 10000)");
    assertRefused(
        post("/v1/rerank", Map.of("query", "word ".repeat(200), "documents", List.of("a"))),
        400,
        "query: 200 tokens (expected: <= 128, half of the 256 that model '" + MODEL + "' takes)");
    assertRefused(
        post("/v1/rerank", Map.of("model", "sentiment", "query", "a", "documents", List.of("a"))),
        400,
        "model: 'sentiment' has the task classify (expected rerank or embed)");
    assertRefused(
        post("/v1/rerank", Map.of("model", "nobody", "query", "a", "documents", List.of("a"))),
        404,
        "nobody");
  }

  @Test
  void classify_scoresTheLabels() {
    HttpResponse<byte[]> response =
        post(
            "/v1/classify",
            Map.of("model", "sentiment", "input", List.of("Book a table for two", "No")));
    JsonNode answer = ok(response);
    assertThat(answer.at("/object").asString()).isEqualTo("list");
    for (JsonNode each : answer.get("data")) {
      double sum = 0;
      for (JsonNode label : each.get("labels")) {
        sum += label.get("score").asDouble();
      }
      assertThat(each.get("labels").size()).isEqualTo(3);
      assertThat(sum).isCloseTo(1, within(1e-6));
    }
    assertThat(response.headers().firstValue("Inference-Windows-Joined")).isEmpty();
    JsonNode best = ok(post("/v1/classify", Map.of("model", "two", "input", "No", "top_k", 1)));
    assertThat(best.at("/data/0/labels").size()).isEqualTo(1);
    HttpResponse<byte[]> longOne =
        post("/v1/classify", Map.of("model", "sentiment", "input", "many words ".repeat(400)));
    assertThat(ok(longOne).at("/data").size()).isEqualTo(1);
    assertThat(longOne.headers().firstValue("Inference-Windows-Joined")).contains("mean");
    assertThat(
            post(
                    "/v1/classify",
                    Map.of(
                        "model",
                        "sentiment",
                        "input",
                        "many words ".repeat(400),
                        "windows_joined",
                        "max"))
                .headers()
                .firstValue("Inference-Windows-Joined"))
        .contains("max");
  }

  @Test
  void classify_refuses_andNeverAnswersWhatIsNoNumber() {
    assertRefused(
        post("/v1/classify", Map.of("model", "nothing", "input", "a")), 500, "NaN or Infinity");
    assertRefused(
        post("/v1/classify", Map.of("model", "cross", "input", "a")),
        400,
        "model: 'cross' has the task rerank (expected classify)");
    assertRefused(post("/v1/classify", Map.of("model", "sentiment")), 400, "input: absent");
    assertRefused(
        post("/v1/classify", Map.of("model", "sentiment", "input", "")),
        400,
        "input: an empty string");
    assertRefused(
        post("/v1/classify", Map.of("model", "sentiment", "input", List.of("a", ""))),
        400,
        "input[1]: an empty string");
    assertRefused(
        post("/v1/classify", Map.of("model", "sentiment", "input", "a", "top_k", 0)),
        400,
        "top_k: 0");
    assertRefused(
        post("/v1/classify", Map.of("model", "sentiment", "input", Map.of())),
        400,
        "input: an object");
    assertRefused(
        post("/v1/classify", Map.of("model", "sentiment", "input", "a", "windows_joined", "sum")),
        400,
        "windows_joined: 'sum' (expected one of [mean, max])");
    assertThat(post("/v1/classify", "{\"input\":\"a\",\"input\":\"b\"}").statusCode())
        .isEqualTo(400);
    assertThat(post("/v1/classify", "[]").statusCode()).isEqualTo(400);
    assertThat(post("/v1/classify", "").statusCode()).isEqualTo(400);
  }

  @Test
  void entities_standWhereTheTextSays_inBothEncodings() {
    String text =
        "\uD83D\uDE80 Ada Lovelace\r\nlived in cafe\u0301 London "
            + "and wrote ".repeat(120)
            + "\uD83D\uDC69 end";
    for (String aggregation : List.of("none", "simple", "first", "average", "max")) {
      for (String encoding : List.of("code-points", "utf-16")) {
        JsonNode found =
            ok(post(
                    "/v1/token-classify",
                    Map.of(
                        "model",
                        "tagger",
                        "input",
                        text,
                        "aggregation",
                        aggregation,
                        "offset_encoding",
                        encoding)))
                .at("/data/0/entities");
        assertThat(found.size()).as(aggregation).isPositive();
        int last = -1;
        for (JsonNode each : found) {
          int start = each.get("start").asInt();
          int end = each.get("end").asInt();
          String named =
              encoding.equals("utf-16")
                  ? text.substring(start, end)
                  : new String(text.codePoints().toArray(), start, end - start);
          assertThat(named).isEqualTo(each.get("text").asString());
          assertThat(start).isGreaterThanOrEqualTo(last);
          assertThat(each.get("score").asDouble()).isBetween(0.0, 1.0);
          assertThat(each.get("label").asString())
              .matches(aggregation.equals("none") ? "[BI]-(PER|LOC)" : "PER|LOC");
          last = end;
        }
      }
    }
    assertRefused(
        post("/v1/token-classify", Map.of("model", "tagger", "input", "a", "aggregation", "most")),
        400,
        "aggregation: 'most'");
    assertRefused(
        post("/v1/token-classify", Map.of("model", MODEL, "input", "a")),
        400,
        "has the task embed");
  }

  @Test
  void similarity_isThatOfTheVectors() {
    JsonNode answer =
        ok(
            post(
                "/v1/similarity",
                Map.of(
                    "source",
                    "A man is eating.",
                    "targets",
                    List.of("A man is eating.", "It rains."))));
    assertThat(answer.at("/data/0/score").asDouble()).isCloseTo(1, within(1e-5));
    assertThat(answer.at("/data/1/score").asDouble()).isLessThan(0.5);
    assertRefused(post("/v1/similarity", Map.of("source", "a")), 400, "targets: absent");
    assertRefused(
        post("/v1/similarity", Map.of("source", "", "targets", "b")),
        400,
        "source: an empty string");
    Map<String, String> overlong =
        Map.of("source", "a", "targets", "word ".repeat(300), "overlong", "refused");
    assertRefused(
        post("/v1/similarity", overlong), 400, "targets[0]: 302 tokens (expected: <= 256");
    assertRefused(
        post("/v1/similarity", Map.of("model", "cross", "source", "a", "targets", "b")),
        400,
        "has the task rerank (expected embed)");
  }

  @Test
  void tokens_areTheTexts_andTheTextTheirs() {
    JsonNode answer =
        ok(
            post(
                "/v1/tokenize",
                Map.of("input", "Hello, w\uD83D\uDE80rld", "offset_encoding", "utf-16")));
    JsonNode tokens = answer.at("/data/0/tokens");
    assertThat(tokens.get(0).get("text").asString()).isEqualTo("[CLS]");
    assertThat(tokens.get(0).get("special").asBoolean()).isTrue();
    assertThat(tokens.get(0).get("start").isNull()).isTrue();
    assertThat(tokens.get(1).get("id").asInt()).isEqualTo(7592);
    assertThat(tokens.get(1).get("text").asString()).isEqualTo("Hello");
    JsonNode plain =
        ok(
            post(
                "/v1/tokenize",
                Map.of("input", List.of("Hello world"), "add_special_tokens", false)));
    assertThat(plain.at("/data/0/tokens").size()).isEqualTo(2);
    assertThat(
            ok(post("/v1/detokenize", "{\"tokens\":[101,7592,2088,102]}"))
                .at("/data/0/text")
                .asString())
        .isEqualTo("hello world");
    assertThat(
            post("/v1/tokenize", Map.of("input", List.of("Hello world", "Hello")))
                .headers()
                .firstValue("Inference-Units"))
        .contains("rows=2, tokens=7");
    assertThat(
            post("/v1/detokenize", "{\"tokens\":[[7592],[2088,102]]}")
                .headers()
                .firstValue("Inference-Units"))
        .contains("rows=2, tokens=3");
    JsonNode several =
        ok(
            post(
                "/v1/detokenize",
                "{\"tokens\":[[7592],[2088,102]],\"skip_special_tokens\":false}"));
    assertThat(several.at("/data/1/text").asString()).isEqualTo("world [SEP]");
    assertRefused(
        post("/v1/detokenize", "{\"tokens\":[40000]}"),
        400,
        "tokens[0]: token 40000 (expected: 0 to 30521");
    assertRefused(post("/v1/detokenize", "{\"tokens\":[-1]}"), 400, "tokens[0]: token -1");
    assertRefused(
        post("/v1/detokenize", "{\"tokens\":[1,[2]]}"), 400, "tokens: numbers and arrays");
    assertRefused(post("/v1/detokenize", "{\"tokens\":[]}"), 400, "tokens: an empty array");
  }

  @Test
  void sparseVectors_areAscending_ofAModelThatMakesThem() {
    JsonNode answer =
        ok(
            post(
                "/v1/embeddings",
                Map.of(
                    "model",
                    "weights",
                    "input",
                    List.of("Hello world", "and more"),
                    "encoding_format",
                    "sparse")));
    JsonNode vector = answer.at("/data/1/embedding");
    List<Integer> indices = new ArrayList<>();
    vector.get("indices").forEach(index -> indices.add(index.asInt()));
    assertThat(indices).isNotEmpty().isSorted().doesNotHaveDuplicates();
    assertThat(vector.get("values").size()).isEqualTo(indices.size());
    vector.get("values").forEach(value -> assertThat(value.asDouble()).isPositive());
    assertRefused(
        post("/v1/embeddings", Map.of("model", "weights", "input", "a")),
        400,
        "has the task sparse (expected embed)");
    assertRefused(
        post("/v1/embeddings", Map.of("input", "a", "encoding_format", "sparse")),
        400,
        "has the task embed (expected sparse)");
  }

  @Test
  void vectorsOfTokens_areTold_asTheModelMakesThem() {
    JsonNode answer =
        ok(
            post(
                "/v1/embeddings",
                Map.of("input", List.of("hello world", "hello"), "encoding_format", "tokens")));
    JsonNode tokens = answer.at("/data/0/embedding");
    assertThat(tokens.size()).isEqualTo(4);
    assertThat(answer.at("/data/1/embedding").size()).isEqualTo(3);
    assertThat(answer.at("/usage/total_tokens").asInt()).isEqualTo(7);
    // Pooled by hand, they are the vector of the text, which the model scales.
    JsonNode pooled =
        ok(post("/v1/embeddings", Map.of("input", "hello world", "normalize", false)))
            .at("/data/0/embedding");
    for (int place = 0; place < pooled.size(); place++) {
      double sum = 0;
      for (JsonNode token : tokens) {
        assertThat(token.size()).isEqualTo(pooled.size());
        sum += token.get(place).asDouble();
      }
      assertThat(sum / 4).isCloseTo(pooled.get(place).asDouble(), within(1e-4));
    }
    String tooLong = "word ".repeat(1_000);
    assertRefused(
        post(
            "/v1/embeddings",
            Map.of("input", tooLong, "encoding_format", "tokens", "overlong", "refused")),
        400,
        "where long texts are not to be cut");
    JsonNode windows =
        ok(post("/v1/embeddings", Map.of("input", tooLong, "encoding_format", "tokens")));
    assertThat(windows.at("/data/0/embedding").size()).isEqualTo(1_002);
    assertRefused(
        post(
            "/v1/embeddings", Map.of("input", "word ".repeat(11_000), "encoding_format", "tokens")),
        413,
        "(expected: <= 4194304 numbers in all)");
    assertRefused(
        post(
            "/v1/embeddings", Map.of("input", "a", "encoding_format", "tokens", "normalize", true)),
        400,
        "normalize: given (expected: absent, with encoding_format 'tokens')");
    assertRefused(
        post(
            "/v1/embeddings",
            Map.of("model", "weights", "input", "a", "encoding_format", "tokens")),
        400,
        "has the task sparse (expected embed)");
  }

  @Test
  void textsThatAreTooLong_areRefusedByTheirArgument() {
    String tooLong = "word ".repeat(300);
    for (String model : List.of(MODEL, "cross")) {
      assertRefused(
          post(
              "/v1/rerank",
              Map.of(
                  "model",
                  model,
                  "query",
                  "a",
                  "documents",
                  List.of("b", tooLong),
                  "overlong",
                  "refused")),
          400,
          "documents[1]: 30");
    }
    assertRefused(
        post("/v1/similarity", Map.of("source", tooLong, "targets", "b", "overlong", "refused")),
        400,
        "source: 302 tokens");
    assertRefused(
        post(
            "/v1/classify",
            Map.of("model", "sentiment", "input", List.of("a", tooLong), "overlong", "refused")),
        400,
        "input[1]: 302 tokens");
    String tooMany = "word ".repeat(1 << 20) + "word";
    assertRefused(
        post("/v1/tokenize", Map.of("input", List.of("a", tooMany))), 413, "input[1]: 10");
    assertRefused(
        post("/v1/rerank", Map.of("query", "a", "documents", List.of(tooMany))),
        413,
        "documents[0]: 10");
    assertRefused(
        post("/v1/detokenize", "{\"tokens\":[%s1]}".formatted("1,".repeat(1 << 20))),
        413,
        "tokens: more than 1048576 tokens in all");
  }

  /** None of these is an error of ours, and none is answered with a number that is none. */
  @Test
  void textsThatHurt_areAnsweredOrRefused() {
    List<String> texts =
        List.of(
            "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
            "e\u0301".repeat(300),
            "\r\n\r\n",
            "\u0000",
            " ",
            "a".repeat(1_000_000),
            "\u202E\uFEFF",
            "word ".repeat(20_000));
    for (String text : texts) {
      assertThat(
              post("/v1/rerank", Map.of("query", "a", "documents", List.of(text, "b")))
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              post(
                      "/v1/rerank",
                      Map.of("model", "cross", "query", "a", "documents", List.of(text, "b")))
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              post(
                      "/v1/rerank",
                      Map.of(
                          "query",
                          "a",
                          "documents",
                          List.of(text),
                          "reranking",
                          "late-interaction"))
                  .statusCode())
          .isEqualTo(200);
      assertThat(post("/v1/classify", Map.of("model", "sentiment", "input", text)).statusCode())
          .isEqualTo(200);
      assertThat(post("/v1/token-classify", Map.of("model", "tagger", "input", text)).statusCode())
          .isEqualTo(200);
      assertThat(post("/v1/tokenize", Map.of("input", text)).statusCode()).isEqualTo(200);
      assertThat(post("/v1/rerank", Map.of("query", text, "documents", List.of("b"))).statusCode())
          .isIn(200, 400);
    }
    String half = "{\"query\":\"a\",\"documents\":[\"b\\ud800c\"]}";
    assertThat(post("/v1/rerank", half).statusCode()).isIn(200, 400);
  }

  private static HttpResponse<byte[]> post(String path, Map<String, ?> body) {
    return post(path, JSON.writeValueAsString(body));
  }

  private static HttpResponse<byte[]> post(String path, String body) {
    return replica.post(path, body);
  }

  private static JsonNode ok(HttpResponse<byte[]> response) {
    assertThat(response.statusCode()).as(new String(response.body(), UTF_8)).isEqualTo(200);
    return json(response);
  }

  private static JsonNode json(HttpResponse<byte[]> response) {
    return JSON.readTree(response.body());
  }

  private static void assertRefused(HttpResponse<byte[]> response, int status, String message) {
    assertThat(response.statusCode()).as(new String(response.body(), UTF_8)).isEqualTo(status);
    String told = json(response).at("/error/message").asString();
    assertThat(told).contains(message);
    Matcher argument = ARGUMENT.matcher(told);
    if (argument.lookingAt()) {
      assertThat(json(response).at("/error/param").asString(null))
          .as(told)
          .isEqualTo(argument.group(1));
    }
    if (response.uri().getPath().endsWith("/rerank")) {
      assertThat(json(response).get("message")).isEqualTo(json(response).at("/error/message"));
    }
  }
}
