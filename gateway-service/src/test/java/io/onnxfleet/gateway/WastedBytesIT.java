package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Large bodies of which nothing comes, again and again. */
class WastedBytesIT {

  private static final String WORD =
      "{\"model\":\"a\",\"input\":\"" + "a".repeat(1_000_000) + "\"}";

  @Test
  void words_ofAMillionCharacters_areRefusedByTheirHeadsInTheEnd_andSmallTextsNever()
      throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.admission.wasted-bytes=100KB");
        FakeReplica one =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    response
                        .header("Inference-Units", "rows=1, tokens=3")
                        .header("Content-Type", "application/json")
                        .sendString(Mono.just("{}")))) {
      gateway.register(one, "a:1");

      assertThat(gateway.post("/v1/embeddings", WORD).statusCode()).isEqualTo(200);
      HttpResponse<String> refused = gateway.post("/v1/embeddings", WORD);

      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      assertThat(refused.body()).contains("came to nothing");
      assertThat(one.received()).hasSize(1);
      assertThat(gateway.post("/v1/embeddings", "{\"model\":\"a\",\"input\":\"a\"}").statusCode())
          .isEqualTo(200);
    }
  }
}
