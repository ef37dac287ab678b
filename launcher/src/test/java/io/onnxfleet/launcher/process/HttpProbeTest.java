package io.onnxfleet.launcher.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpProbeTest {
  private final HttpProbe probe = new HttpProbe(null, Duration.ofSeconds(10));
  private HttpServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          String said =
              "%s %s %s"
                  .formatted(
                      exchange.getRequestMethod(),
                      body,
                      exchange.getRequestHeaders().getFirst("Authorization"));
          int status = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
          byte[] bytes = said.getBytes(UTF_8);
          exchange.getResponseHeaders().add("Location", "/200");
          exchange.sendResponseHeaders(status, status == 204 ? -1 : bytes.length);
          try (var out = exchange.getResponseBody()) {
            if (status != 204) {
              out.write(bytes);
            }
          }
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  private URI uri(int status) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/" + status);
  }

  @Test
  void get_givesStatusAndBody_whateverTheyAre() throws Exception {
    assertThat(probe.get(uri(200), "Authorization", "Bearer it"))
        .isEqualTo(new HttpProbe.Answer(200, "GET  Bearer it"));
    assertThat(probe.get(uri(503))).isEqualTo(new HttpProbe.Answer(503, "GET  null"));
    assertThat(probe.get(uri(401)).status()).isEqualTo(401);
    assertThat(probe.get(uri(302)).status()).as("not followed").isEqualTo(302);
    assertThat(probe.get(uri(204))).isEqualTo(new HttpProbe.Answer(204, ""));
  }

  @Test
  void post_sendsJson() throws Exception {
    assertThat(probe.post(uri(200), "{}").body()).isEqualTo("POST {} null");
    assertThat(probe.post(uri(400), "{}").body()).isEqualTo("POST {} null");
  }

  @Test
  void get_givesNone_whereNobodyListens() throws Exception {
    URI gone = uri(200);
    server.stop(0);
    assertThat(probe.get(gone)).isEqualTo(new HttpProbe.Answer(0, ""));
    assertThat(probe.get(gone).isOk()).isFalse();
  }

  @Test
  void get_asksNobody_whenInterrupted() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> probe.get(uri(200))).isInstanceOf(InterruptedException.class);
  }
}
