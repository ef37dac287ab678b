package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the repository's models come to be served, as an operator sees it. */
class RepositoryIT {
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path models;

  @Test
  void explicit_loadsWhatIsAskedFor() {
    put("first", 1);
    put("second", 1);
    try (RunningReplica replica =
        RunningReplica.serving(models, "--fleet.inference.repository.mode=explicit")) {
      assertThat(state(replica, "first")).isEqualTo("UNAVAILABLE");
      assertThat(ready(replica, "first")).isEqualTo(503);
      assertThat(change(replica, "first", "load").statusCode()).isEqualTo(200);
      assertThat(ready(replica, "first")).isEqualTo(200);
      assertThat(state(replica, "second")).isEqualTo("UNAVAILABLE");
      HttpResponse<byte[]> unload =
          replica.post(
              "/v2/repository/models/first/unload",
              "{\"parameters\":{\"unload_dependents\":true}}");
      assertThat(unload.statusCode()).isEqualTo(200);
      assertThat(ready(replica, "first")).isEqualTo(503);
      HttpResponse<byte[]> overridden =
          replica.post("/v2/repository/models/first/load", "{\"parameters\":{\"config\":\"{}\"}}");
      assertThat(overridden.statusCode()).isEqualTo(400);
      assertThat(text(overridden)).contains("parameter 'config' is not served");
    }
  }

  @Test
  void explicit_loadsAtTheStart_whatIsNamed() {
    put("first", 1);
    put("second", 1);
    try (RunningReplica replica =
        RunningReplica.serving(
            models,
            "--fleet.inference.repository.mode=explicit",
            "--fleet.inference.repository.startup-models=second")) {
      assertThat(state(replica, "first")).isEqualTo("UNAVAILABLE");
      assertThat(state(replica, "second")).isEqualTo("READY");
      assertThat(text(replica.get("/actuator/prometheus")))
          .contains("fleet_inference_models_loading{application=\"inference-service\"} 0")
          .containsPattern("fleet_inference_model_load_duration_seconds_count\\{.*ready.*} 1");
    }
  }

  @Test
  void poll_followsTheFolder_andRefusesToBeTold() throws IOException {
    put("m", 1);
    try (RunningReplica replica =
        RunningReplica.serving(
            models,
            "--fleet.inference.repository.mode=poll",
            "--fleet.inference.repository.poll-interval=20ms",
            "--fleet.inference.repository.settle-time=40ms")) {
      put("m", 2);
      await().atMost(LONG).until(() -> ready(replica, "m/versions/2") == 200);
      await().atMost(LONG).until(() -> ready(replica, "m/versions/1") == 503);
      put("n", 1);
      await().atMost(LONG).until(() -> ready(replica, "n") == 200);
      Files.move(models.resolve("n"), models.resolve(".n"));
      await().atMost(LONG).until(() -> ready(replica, "n") == 404);
      HttpResponse<byte[]> told = change(replica, "m", "load");
      assertThat(told.statusCode()).isEqualTo(400);
      assertThat(text(told)).contains("the repository's mode is poll");
    }
  }

  private void put(String model, int version) {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, model, version);
  }

  private static HttpResponse<byte[]> change(RunningReplica replica, String model, String what) {
    return replica.post("/v2/repository/models/" + model + "/" + what, "");
  }

  private static int ready(RunningReplica replica, String model) {
    return replica.get("/v2/models/" + model + "/ready").statusCode();
  }

  private static String state(RunningReplica replica, String model) {
    for (var entry : json(replica.post("/v2/repository/index", ""))) {
      if (entry.path("name").asString().equals(model)) {
        return entry.path("state").asString();
      }
    }
    return "";
  }
}
