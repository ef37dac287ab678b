package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a replica tells the gateway of an answer, and takes from it about a caller. */
class AnsweredUnitsIT {
  @TempDir private Path models;

  @Test
  void answer_tellsItsRows_andThatAModelWithoutABatchDimensionHasOne() {
    TinyModel.identity(DataType.FP32, "batch", "2").writeTo(models, "rows");
    TinyModel.identity(DataType.FP32, "3").writeTo(models, "single");
    try (RunningReplica replica = RunningReplica.serving(models)) {
      HttpResponse<byte[]> three =
          replica.post(
              "/v2/models/rows/infer",
              "{\"inputs\":[{\"name\":\"x\",\"shape\":[3,2],\"datatype\":\"FP32\",\"data\":[1,2,3,4,5,6]}]}");
      assertThat(three.statusCode()).as(RunningReplica.text(three)).isEqualTo(200);
      assertThat(three.headers().firstValue("Inference-Units")).contains("rows=3");

      HttpResponse<byte[]> one =
          replica.post(
              "/v2/models/single/infer",
              "{\"inputs\":[{\"name\":\"x\",\"shape\":[3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}");
      assertThat(one.statusCode()).as(RunningReplica.text(one)).isEqualTo(200);
      assertThat(one.headers().firstValue("Inference-Units")).contains("rows=1");
      HttpResponse<byte[]> refused = replica.post("/v2/models/rows/infer", "{}");
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.headers().firstValue("Inference-Units")).isEmpty();
    }
  }
}
