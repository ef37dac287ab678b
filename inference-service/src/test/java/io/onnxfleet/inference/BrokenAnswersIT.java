package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.inference.protocol.DirectHandler;
import io.onnxfleet.inference.protocol.http.JsonAnswer;
import io.onnxfleet.testing.model.TinyModel;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Bean;

/** An answer that a defect breaks off never looks whole. */
class BrokenAnswersIT {
  private static final String BYTES = "X-Bytes";

  @TempDir private static Path models;

  private static RunningReplica replica;

  /** Breaks off behind so many bytes that do not shrink. */
  static class Broken {
    @Bean
    DirectHandler brokenHandler() {
      return new DirectHandler() {
        @Override
        public boolean covers(ApiCall.Asked asked) {
          return asked.call() == ApiCall.FAMILIES;
        }

        @Override
        public void serve(
            ApiCall.Asked asked, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
          byte[] bytes = new byte[request.getIntHeader(BYTES)];
          new Random(1).nextBytes(bytes);
          JsonAnswer.write(
              request,
              response,
              target -> {
                target.write(bytes);
                throw new IllegalStateException("a defect");
              });
        }
      };
    }
  }

  @BeforeAll
  static void starts() {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "model");
    replica = RunningReplica.serving(models, List.of(Broken.class));
  }

  @AfterAll
  static void stops() {
    replica.close();
  }

  private static HttpRequest asking(int bytes, String encoding) {
    return replica
        .request(ApiPaths.FAMILIES)
        .headers(BYTES, Integer.toString(bytes), "Accept-Encoding", encoding)
        .GET()
        .build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "gzip", "deflate"})
  void answer_thatWasNotBegun_becomesARefusal(String encoding) {
    HttpResponse<byte[]> answer = replica.send(asking(10, encoding));
    assertThat(answer.statusCode()).isEqualTo(500);
    assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(RunningReplica.text(answer)).isEqualTo("{\"error\":\"internal error\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "gzip", "deflate"})
  void answer_thatWasBegun_breaksTheConnection(String encoding) {
    HttpRequest request = asking(1 << 20, encoding);
    assertThatThrownBy(() -> replica.client().send(request, BodyHandlers.ofByteArray()))
        .isInstanceOf(IOException.class);
  }
}
