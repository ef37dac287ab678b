package io.onnxfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.fleet.ModelReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiPathsTest {

  @Test
  void modelCalls_haveModelAndVersion() {
    ApiCall plain = new ApiCall.ModelCall(new ModelReference("m", null));
    ApiCall versioned = new ApiCall.ModelCall(new ModelReference("m", "3"));

    assertThat(ApiPaths.read("POST", "/v2/models/m/infer")).isEqualTo(plain);
    assertThat(ApiPaths.read("POST", "/v2/models/m/versions/3/infer")).isEqualTo(versioned);
    assertThat(ApiPaths.read("GET", "/v2/models/m")).isEqualTo(plain);
    assertThat(ApiPaths.read("HEAD", "/v2/models/m/")).isEqualTo(plain);
    assertThat(ApiPaths.read("GET", "/v1/models/m")).isEqualTo(plain);
    assertThat(ApiPaths.read("GET", "/v2/models/m/versions/3")).isEqualTo(versioned);
    assertThat(ApiPaths.read("GET", "/v2/models/m/versions/3/ready")).isEqualTo(versioned);
    assertThat(ApiPaths.read("GET", "/v2/models/m/config")).isEqualTo(plain);
    assertThat(ApiPaths.read("GET", "/v2/models/a%2Fb%20c/ready"))
        .isEqualTo(new ApiCall.ModelCall(new ModelReference("a/b c", null)));
  }

  @Test
  void fleetCalls_areRead() {
    assertThat(question("GET", "/v2")).isEqualTo(new FleetQuestion.ServerMetadata());
    assertThat(question("GET", "/v2/")).isEqualTo(new FleetQuestion.ServerMetadata());
    assertThat(question("GET", "/v2/health/live")).isEqualTo(new FleetQuestion.Live());
    assertThat(question("GET", "/v2/health/ready")).isEqualTo(new FleetQuestion.Ready());
    assertThat(question("GET", "/v1/models")).isEqualTo(new FleetQuestion.Models());
    assertThat(question("POST", "/v2/repository/index"))
        .isEqualTo(new FleetQuestion.RepositoryIndex());
    assertThat(question("POST", "/v2/repository/models/m/load"))
        .isEqualTo(new FleetQuestion.Load("m"));
    assertThat(question("POST", "/v2/repository/models/m/unload"))
        .isEqualTo(new FleetQuestion.Unload("m"));
    assertThat(question("GET", "/v2/models/stats")).isEqualTo(new FleetQuestion.AllStatistics());
    assertThat(question("GET", "/v2/models/m/versions/1/stats"))
        .isEqualTo(new FleetQuestion.ModelStatistics(new ModelReference("m", "1")));
    assertThat(ApiPaths.read("POST", "/v1/embeddings")).isEqualTo(new ApiCall.EmbeddingsCall());
    assertThat(ApiPaths.read("HEAD", "/v1/embeddings")).isEqualTo(new ApiCall.EmbeddingsQuery());
  }

  @Test
  void wrongMethod_namesTheRightOne() {
    assertThat(ApiPaths.read("GET", "/v2/models/m/infer"))
        .isEqualTo(new ApiCall.WrongMethod("POST"));
    assertThat(ApiPaths.read("DELETE", "/v2/models/m")).isEqualTo(new ApiCall.WrongMethod("GET"));
    assertThat(ApiPaths.read("OPTIONS", "/v1/embeddings"))
        .isEqualTo(new ApiCall.WrongMethod("POST"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "",
        "/v3",
        "/v2/nope",
        "/v2//models/m",
        "/v2/models",
        "/v2/models/",
        "/v2/models//infer",
        "/v2/models/m/versions",
        "/v2/models/m/versions//infer",
        "/v2/models/m/nope",
        "/v2/models/m/versions/1/infer/x",
        "/v2/models/m/infer/x",
        "/v2/models/%zz/infer",
        "/v1",
        "/v1/embeddings/x",
        "/v1/models/m/x",
        "/v2/health",
        "/v2/health/x",
        "/v2/repository",
        "/v2/repository/models/m",
        "/v2/repository/index/x",
        "/v2/models/a/b/c/d/e/f/g/h",
        "/V2/models/m"
      })
  void path_isUnknown_whenItIsNotInTheTable(String path) {
    assertThat(ApiPaths.read("GET", path)).isEqualTo(new ApiCall.UnknownPath());
  }

  private static FleetQuestion question(String method, String path) {
    return ((ApiCall.FleetCall) ApiPaths.read(method, path)).question();
  }
}
