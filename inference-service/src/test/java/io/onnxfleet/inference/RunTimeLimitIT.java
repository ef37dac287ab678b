package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model that a caller can make run for ever. */
class RunTimeLimitIT {
  @TempDir private Path models;

  @Test
  void run_isEndedAndAnswered504_whenItTakesTooLong() {
    TinyModel.loop().writeTo(models, "loop");
    try (RunningReplica replica =
        RunningReplica.serving(models, "--fleet.inference.max-run-time=300ms")) {
      for (int round = 0; round < 3; round++) {
        HttpResponse<byte[]> endless = loop(replica, 1L << 62);
        assertThat(endless.statusCode()).isEqualTo(504);
        assertThat(text(endless)).contains("the model ran for more than 300 ms");
      }
      assertThat(loop(replica, 3).statusCode()).isEqualTo(200);
      replica.awaitBuffersReturned();
    }
  }

  /** The client's presence is looked at several times meanwhile. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nextRequest_isServed_whenItIsSentWhileAnAnswerIsAwaited(boolean atOnce) throws IOException {
    TinyModel.loop().writeTo(models, "loop");
    try (RunningReplica replica =
        RunningReplica.serving(models, "--fleet.inference.max-run-time=500ms")) {
      String body = body(1L << 62);
      String first =
          "POST /v2/models/loop/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(body.length(), body);
      String next = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      String answers = atOnce ? replica.exchange(first + next) : replica.exchange(first, next);
      assertThat(answers).containsSubsequence("HTTP/1.1 504", "HTTP/1.1 200");
    }
  }

  private static HttpResponse<byte[]> loop(RunningReplica replica, long rounds) {
    return replica.post("/v2/models/loop/infer", body(rounds));
  }

  private static String body(long rounds) {
    return """
        {"inputs":[
          {"name":"n","shape":[],"datatype":"INT64","data":[%d]},
          {"name":"going","shape":[],"datatype":"BOOL","data":[true]},
          {"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"""
        .formatted(rounds);
  }
}
