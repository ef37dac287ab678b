package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  private static HttpResponse<byte[]> loop(RunningReplica replica, long rounds) {
    return replica.post(
        "/v2/models/loop/infer",
        """
        {"inputs":[
          {"name":"n","shape":[],"datatype":"INT64","data":[%d]},
          {"name":"going","shape":[],"datatype":"BOOL","data":[true]},
          {"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"""
            .formatted(rounds));
  }
}
