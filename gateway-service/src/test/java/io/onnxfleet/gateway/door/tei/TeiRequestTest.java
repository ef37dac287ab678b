package io.onnxfleet.gateway.door.tei;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TeiRequestTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final TeiProperties PROPERTIES =
      new TeiProperties(new TeiProperties.Models("e", "r", "p", "s"), 3);

  @Test
  void embed_isEmbeddings_refusingWhatIsTooLong_unlessItIsToBeCut() {
    assertThat(read("/embed", "{\"inputs\":\"a\"}").body().toString())
        .isEqualTo(
            "{\"model\":\"e\",\"input\":[\"a\"],\"encoding_format\":\"float\",\"normalize\":true,"
                + "\"overlong\":\"refused\"}");
    TeiRequest cut =
        read("/embed", "{\"inputs\":[\"a\",\"b\"],\"truncate\":true,\"dimensions\":3}");
    assertThat(cut.call()).isEqualTo(ApiCall.EMBEDDINGS);
    assertThat(cut.body().toString()).contains("\"overlong\":\"cut\"", "\"dimensions\":3");
    assertThat(answer(cut, "{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[3]}]}"))
        .isEqualTo("[[1,2],[3]]");
    assertThat(
            answer(
                read("/embed_sparse", "{\"inputs\":\"a\"}"),
                "{\"data\":[{\"embedding\":{\"indices\":[3,9],\"values\":[0.5,1]}}]}"))
        .isEqualTo("[[{\"index\":3,\"value\":0.5},{\"index\":9,\"value\":1}]]");
  }

  @Test
  void embedAll_asksForTokens_andCopiesTheirVectors() {
    TeiRequest request =
        read(
            "/embed_all",
            "{\"inputs\":[\"a\",\"b\"],\"prompt_name\":\"query\",\"normalize\":true}");
    assertThat(request.call()).isEqualTo(ApiCall.EMBEDDINGS);
    assertThat(request.body().toString())
        .isEqualTo(
            "{\"model\":\"e\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"tokens\","
                + "\"overlong\":\"refused\",\"prompt_name\":\"query\"}");
    assertThat(
            answer(
                request,
                "{\"object\":\"list\",\"data\":[{\"index\":0,\"other\":{\"embedding\":[[7]]},"
                    + "\"embedding\":[[0.1,-2.5E-9],[1,3]]},{\"embedding\":[[0.25,3.0]],\"index\":1}],"
                    + "\"usage\":{\"data\":[{\"embedding\":[[8]]}]},\"model\":\"e\"}"))
        .isEqualTo("[[[0.1,-2.5E-9],[1,3]],[[0.25,3.0]]]");
    assertThat(read("/embed_all", "{\"inputs\":\"a\",\"truncate\":true}").body().toString())
        .contains("\"overlong\":\"cut\"");
    assertRefused("/embed_all", "{\"inputs\":\"\"}", TeiRefusal.Type.EMPTY);
    assertRefused(
        "/embed_all",
        "{\"inputs\":\"a\",\"truncation_direction\":\"left\"}",
        TeiRefusal.Type.VALIDATION);
  }

  @Test
  void predict_takesOneText_onePair_orABatchOfBoth() {
    assertThat(input("\"a\"")).isEqualTo("[\"a\"]");
    assertThat(input("[\"a\",\"b\"]")).isEqualTo("[[\"a\",\"b\"]]");
    assertThat(input("[[\"a\"],[\"b\",\"c\"]]")).isEqualTo("[[\"a\"],[\"b\",\"c\"]]");
    String answer = "{\"data\":[{\"labels\":[{\"label\":\"x\",\"score\":1}]},{\"labels\":[]}]}";
    assertThat(answer(read("/predict", "{\"inputs\":[\"a\",\"b\"]}"), answer))
        .isEqualTo("[{\"label\":\"x\",\"score\":1}]");
    assertThat(answer(read("/predict", "{\"inputs\":[[\"a\"],[\"b\"]]}"), answer))
        .isEqualTo("[[{\"label\":\"x\",\"score\":1}],[]]");
    assertRefused("/predict", "{\"inputs\":[\"a\",\"b\",\"c\"]}", TeiRefusal.Type.VALIDATION);
    assertRefused("/predict", "{\"inputs\":[]}", TeiRefusal.Type.EMPTY);
  }

  @Test
  void rerank_tellsScores_andTextsWhereTheyAreWanted() {
    TeiRequest request =
        read("/rerank", "{\"query\":\"q\",\"texts\":[\"a\"],\"return_text\":true}");
    assertThat(request.model()).isEqualTo("r");
    assertThat(
            answer(
                request,
                "{\"results\":[{\"index\":0,\"relevance_score\":0.5,\"document\":{\"text\":\"a\"}}]}"))
        .isEqualTo("[{\"index\":0,\"text\":\"a\",\"score\":0.5}]");
  }

  @Test
  void similarity_refusesWhatIsTooLong_unlessItIsToBeCut() {
    String inputs = "\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[\"b\"]}";
    assertThat(read("/similarity", "{" + inputs + "}").body().toString())
        .isEqualTo(
            "{\"model\":\"e\",\"source\":\"a\",\"targets\":[\"b\"],\"overlong\":\"refused\"}");
    assertThat(read("/similarity", "{" + inputs + ",\"parameters\":null}").body().toString())
        .contains("\"overlong\":\"refused\"");
    String parameters = "{" + inputs + ",\"parameters\":%s}";
    assertThat(read("/similarity", parameters.formatted("{\"truncate\":true}")).body().toString())
        .contains("\"overlong\":\"cut\"");
    for (String refused :
        new String[] {"{\"truncation_direction\":\"left\"}", "{\"prompt_name\":\"query\"}"}) {
      assertRefused("/similarity", parameters.formatted(refused), TeiRefusal.Type.VALIDATION);
    }
    assertRefused(
        "/tokenize", "{\"inputs\":\"a\",\"prompt_name\":\"query\"}", TeiRefusal.Type.VALIDATION);
  }

  @Test
  void requests_areRefusedAsTeiRefusesThem() {
    assertRefused("/embed", "{}", TeiRefusal.Type.VALIDATION);
    assertRefused("/embed", "[]", TeiRefusal.Type.VALIDATION);
    assertRefused("/embed", "{\"inputs\":\"\"}", TeiRefusal.Type.EMPTY);
    assertRefused("/embed", "{\"inputs\":[\"a\",\"b\",\"c\",\"d\"]}", TeiRefusal.Type.VALIDATION);
    assertRefused("/embed", "{\"inputs\":\"a\",\"truncate\":1}", TeiRefusal.Type.VALIDATION);
    assertRefused("/decode", "{\"ids\":[]}", TeiRefusal.Type.EMPTY);
    assertThatExceptionOfType(TeiRefusal.class)
        .isThrownBy(() -> read("/rerank", "{\"query\":\"\",\"texts\":[\"a\"]}"))
        .withMessage("`query` cannot be empty");
    assertThatExceptionOfType(TeiRefusal.class)
        .isThrownBy(
            () ->
                read(
                    "/similarity", "{\"inputs\":{\"source_sentence\":\"\",\"sentences\":[\"a\"]}}"))
        .withMessage("`source_sentence` cannot be empty");
    assertThatExceptionOfType(TeiRefusal.class)
        .isThrownBy(
            () ->
                TeiRequest.read(
                    "/embed",
                    JSON.readTree("{\"inputs\":\"a\"}"),
                    new TeiProperties(new TeiProperties.Models(null, "r", null, null), 3)))
        .returns(424, TeiRefusal::status);
  }

  @Test
  void statuses_areTeis() {
    assertThat(TeiRefusal.of(400, "").status()).isEqualTo(422);
    assertThat(TeiRefusal.of(413, "").status()).isEqualTo(413);
    assertThat(TeiRefusal.of(429, "").type().label()).isEqualTo("Overloaded");
    assertThat(TeiRefusal.of(500, "").status()).isEqualTo(424);
    assertThat(TeiRefusal.of(503, "").type().label()).isEqualTo("Unhealthy");
    assertThat(TeiRefusal.of(ErrorCode.MALFORMED_REQUEST, "").status()).isEqualTo(422);
    assertThat(TeiRefusal.of(ErrorCode.CREDENTIALS_MISSING, "").status()).isEqualTo(401);
  }

  private static String input(String inputs) {
    return read("/predict", "{\"inputs\":" + inputs + "}").body().get("input").toString();
  }

  private static TeiRequest read(String route, String body) {
    return TeiRequest.read(route, JSON.readTree(body), PROPERTIES);
  }

  private static String answer(TeiRequest request, String answer) {
    return switch (request.answer()) {
      case TeiAnswer.OfTree(Function<JsonNode, JsonNode> reading) ->
          reading.apply(JSON.readTree(answer)).toString();
      case TeiAnswer.Vectors vectors -> new String(vectors.copied(answer.getBytes(UTF_8)), UTF_8);
    };
  }

  private static void assertRefused(String route, String body, TeiRefusal.Type type) {
    assertThatExceptionOfType(TeiRefusal.class)
        .isThrownBy(() -> read(route, body))
        .returns(type, TeiRefusal::type);
  }
}
