package io.onnxfleet.contract.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiCallTest {

  private static final ApiCall.UnknownPath UNKNOWN = new ApiCall.UnknownPath();

  private static ApiCall.Asked asked(
      ApiCall call, @Nullable String model, @Nullable String version) {
    return new ApiCall.Asked(call, model, version);
  }

  @ParameterizedTest
  @EnumSource
  void everyCall_isReadAsItIsWritten(ApiCall call) {
    String method = call.method().name();
    if (!call.template().contains("{")) {
      assertThat(ApiCall.read(method, call.path())).isEqualTo(asked(call, null, null));
      assertThat(ApiCall.read(method, call.path() + "/")).isEqualTo(asked(call, null, null));
      assertThatThrownBy(() -> call.path("m", null)).isInstanceOf(IllegalArgumentException.class);
      return;
    }
    assertThatThrownBy(call::path).isInstanceOf(IllegalArgumentException.class);
    for (String model :
        new String[] {"m", "a/b", "caf\u00e9 %", "{version}", "versions", "..", "x;y=1"}) {
      assertThat(ApiCall.read(method, call.path(model, null))).isEqualTo(asked(call, model, null));
      if (call.versionTemplate() != null) {
        assertThat(ApiCall.read(method, call.path(model, "12") + "/"))
            .isEqualTo(asked(call, model, "12"));
        assertThat(ApiCall.read(method, call.path(model, "a/b")))
            .isEqualTo(asked(call, model, "a/b"));
      } else {
        assertThatThrownBy(() -> call.path(model, "1"))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCall_isOfTheApi_orOfOneProcess(ApiCall call) {
    assertThat(ApiPaths.isApi(call.template())).isEqualTo(call.server() != Server.PROCESS);
    assertThat(ApiPaths.isHealth(call.template())).isEqualTo(call.need() == Need.NOTHING);
    assertThat(ApiPaths.isOpenAi(call.template()))
        .isEqualTo(call.template().startsWith("/v1/") || call == ApiCall.RERANK_V2);
    assertThat(ApiPaths.isCohere(call.template() + "/"))
        .isEqualTo(call == ApiCall.RERANK || call == ApiCall.RERANK_V2);
  }

  @Test
  void embeddings_nameTheirModelElsewhere_thanInTheirPath() {
    assertThat(ApiCall.EMBEDDINGS.namesModel()).isFalse();
    assertThat(ApiCall.EMBEDDINGS_QUERY.namesModel()).isFalse();
    assertThat(ApiCall.INFER.namesModel()).isTrue();
  }

  @Test
  void modelsInBodies_areChosenAsTheirAnswersAreUsed() {
    Map<ApiCall, ModelInBody> chosen = new EnumMap<>(ApiCall.class);
    for (ApiCall call : ApiCall.values()) {
      if (call.modelInBody() != ModelInBody.NONE) {
        chosen.put(call, call.modelInBody());
      }
    }
    assertThat(chosen)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry(ApiCall.EMBEDDINGS, ModelInBody.COMPARABLE_VARIANT),
                Map.entry(ApiCall.RERANK, ModelInBody.ANY_VARIANT),
                Map.entry(ApiCall.RERANK_V2, ModelInBody.ANY_VARIANT),
                Map.entry(ApiCall.CLASSIFY, ModelInBody.ANY_VARIANT),
                Map.entry(ApiCall.TOKEN_CLASSIFY, ModelInBody.ANY_VARIANT),
                Map.entry(ApiCall.SIMILARITY, ModelInBody.COMPARABLE_VARIANT),
                Map.entry(ApiCall.TOKENIZE, ModelInBody.COMPARABLE_VARIANT),
                Map.entry(ApiCall.DETOKENIZE, ModelInBody.COMPARABLE_VARIANT)));
  }

  @ParameterizedTest
  @EnumSource
  void callsThatRunAModelAtOneReplica_nameItInPathOrBody(ApiCall call) {
    boolean runsModel = call.server() == Server.ONE_REPLICA && call.need() == Need.INFER;
    boolean inBody = call.modelInBody() != ModelInBody.NONE;
    assertThat(inBody).isEqualTo(runsModel && !call.namesModel());
  }

  @Test
  void head_countsAsGet_andASlashAtTheEndForNothing() {
    assertThat(ApiCall.read("GET", "/v2/")).isEqualTo(asked(ApiCall.SERVER_METADATA, null, null));
    assertThat(ApiCall.read("HEAD", "/v2")).isEqualTo(asked(ApiCall.SERVER_METADATA, null, null));
  }

  @Test
  void namesThatAreWordsOfThePath_areNames() {
    assertThat(ApiCall.read("GET", "/v2/models/stats"))
        .isEqualTo(asked(ApiCall.ALL_STATISTICS, null, null));
    assertThat(ApiCall.read("POST", "/v2/models/stats/infer"))
        .isEqualTo(asked(ApiCall.INFER, "stats", null));
    assertThat(ApiCall.read("GET", "/v2/models/versions/versions/1"))
        .isEqualTo(asked(ApiCall.MODEL_METADATA, "versions", "1"));
    assertThat(ApiCall.read("GET", "/v1/models/models"))
        .isEqualTo(asked(ApiCall.OPENAI_MODEL, "models", null));
  }

  @Test
  void otherMethods_areToldWhichThereAre() {
    assertThat(ApiCall.read("GET", "/v2/models/m/infer"))
        .isEqualTo(new ApiCall.WrongMethod(ApiCall.INFER, "POST"));
    assertThat(ApiCall.read("POST", "/v2/fleet/rollouts/m"))
        .isEqualTo(new ApiCall.WrongMethod(ApiCall.PUT_ROLLOUT, "PUT, DELETE"));
    assertThat(ApiCall.read("DELETE", "/v1/embeddings"))
        .isEqualTo(new ApiCall.WrongMethod(ApiCall.EMBEDDINGS, "POST, GET"));
    assertThat(ApiCall.read("get", "/v2"))
        .isEqualTo(new ApiCall.WrongMethod(ApiCall.SERVER_METADATA, "GET"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "v2",
        "/",
        "//",
        "/v2//",
        "/v3",
        "/v1",
        "/v2x",
        "/v2/models",
        "/v2/models//infer",
        "/v2/models/m/versions",
        "/v2/models/m/versions//infer",
        "/v2/models/m/versions/1/infer/x",
        "/v2/models/m//infer",
        "/v2/./health/live",
        "/v2/models/%/infer",
        "/v2/models/%4/infer",
        "/v2/models/%zz/infer",
        "/v2/models/%ff/infer",
        "/V2/health/live",
        "/v2/models/m/infer//",
        "/v1/models/m/x",
        "/v2/nope",
        "/v2//models/m",
        "/v2/models/",
        "/v2/models/m/nope",
        "/v2/health",
        "/v2/health/x",
        "/v2/repository",
        "/v2/repository/models/m",
        "/v2/repository/index/x",
        "/v2/models/a/b/c/d/e/f/g/h",
        "/v1/embeddings/x"
      })
  void otherPaths_areUnknown(String path) {
    assertThat(ApiCall.read("GET", path)).as(path).isEqualTo(UNKNOWN);
    assertThat(ApiCall.read("POST", path)).as(path).isEqualTo(UNKNOWN);
  }

  @Test
  void errorsOfRerank_haveCoheresMessageBesideOpenAis() {
    for (String path : new String[] {"/v1/rerank", "/v2/rerank"}) {
      assertThat(
              new String(ErrorBody.of(path, ErrorCode.INVALID_INPUT, "no", "query").write(), UTF_8))
          .startsWith(
              "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"param\":\"query\"")
          .endsWith("},\"message\":\"no\"}");
    }
    assertThat(
            new String(ErrorBody.of("/v1/classify", ErrorCode.INVALID_INPUT, "no").write(), UTF_8))
        .endsWith("}}");
  }

  @Test
  void segments_areReadAsTheyAreWritten() {
    Random random = new Random(7);
    for (int round = 0; round < 5000; round++) {
      String name =
          random
              .ints(1 + random.nextInt(8), 0x20, 0x11000)
              .filter(point -> !Character.isSurrogate((char) point) || point > 0xFFFF)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      if (name.isEmpty()) {
        continue;
      }
      String segment = PathSegment.write(name);
      assertThat(segment).matches("[!$&-;=@-Z_a-z~%]+");
      assertThat(PathSegment.read(segment, 0, segment.length())).isEqualTo(name);
    }
  }

  /** Who may unload one model must not reach another one by what a framework leaves out. */
  @Test
  void semicolons_areEscaped() {
    assertThat(ApiCall.UNLOAD.path("b;a", null)).isEqualTo("/v2/repository/models/b%3Ba/unload");
    assertThat(ApiCall.read("POST", "/v2/repository/models/b%3Ba/unload"))
        .isEqualTo(asked(ApiCall.UNLOAD, "b;a", null));
  }

  @Test
  void apiPaths_areThoseBelowTheRoots() {
    assertThat(ApiPaths.isApi("/v2")).isTrue();
    assertThat(ApiPaths.isApi("/v1/")).isTrue();
    assertThat(ApiPaths.isApi("/v20")).isFalse();
    assertThat(ApiPaths.isApi("/v")).isFalse();
    assertThat(ApiPaths.isOpenAi("/v1")).isTrue();
    assertThat(ApiPaths.isOpenAi("/v10/x")).isFalse();
    assertThat(ApiPaths.withoutSlashAtEnd("/a/")).isEqualTo("/a");
    assertThat(ApiPaths.withoutSlashAtEnd("/")).isEqualTo("/");
  }
}
