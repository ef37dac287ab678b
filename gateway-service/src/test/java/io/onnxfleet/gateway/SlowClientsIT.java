package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class SlowClientsIT {

  @Test
  void slowClients_areEnded_andOthersServed() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.connections.head-timeout=300ms",
                "fleet.gateway.connections.body-grace=300ms",
                "fleet.gateway.connections.min-body-rate=10KB",
                "fleet.gateway.connections.write-timeout=300ms");
        FakeReplica one =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    request.uri().contains("/large/")
                        ? response.sendByteArray(
                            Flux.range(0, 2000).map(piece -> new byte[64 * 1024]))
                        : response.send())) {
      gateway.register(one, "a:1", "large:1");

      String head = drip(gateway, "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\n");
      assertThat(head)
          .startsWith("HTTP/1.1 408")
          .endsWith("{\"error\":\"the head of the request did not come in time\"}");

      String body =
          drip(
              gateway,
              "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n");
      assertThat(body).startsWith("HTTP/1.1 408").contains("came to a halt");

      unreadAnswerIsCutOff(gateway);

      String tooMuch =
          whole(
              gateway,
              "GET /v2/models/a HTTP/1.1\r\nHost: x\r\nX: " + "y".repeat(20_000) + "\r\n\r\n");
      assertThat(tooMuch).startsWith("HTTP/1.1 431");

      HttpResponse<String> other = gateway.post("/v2/models/a/infer", "{}");
      assertThat(other.statusCode()).isEqualTo(200);
    }
  }

  /**
   * Time in which the gateway does not read, since nobody takes what it has, is not the client's.
   */
  @Test
  void client_isNotSlow_whenTheReplicaIs() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.admission.body-read-timeout=300ms",
                "fleet.gateway.connections.body-grace=300ms",
                "fleet.gateway.connections.min-body-rate=1MB");
        ServerSocket slow = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      slow.setReceiveBufferSize(4096);
      gateway.register("slow", slow.getLocalPort(), "a:1");
      int size = 24 * 1024 * 1024;
      CompletableFuture<HttpResponse<String>> answer =
          gateway.sendLater(
              gateway
                  .request("/v2/models/a/infer")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[size])));
      try (Socket replica = accepted(slow)) {
        // Longer than any of the times above; nothing is read meanwhile.
        Awaitility.await()
            .during(Duration.ofMillis(1500))
            .atMost(Duration.ofSeconds(20))
            .until(() -> !answer.isDone());
        replica.getInputStream().skipNBytes(size);
        replica
            .getOutputStream()
            .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".getBytes(US_ASCII));
        assertThat(answer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }
    }
  }

  /** The connection that the request comes on; probes of the load come on others. */
  private static Socket accepted(ServerSocket replica) throws IOException {
    replica.setSoTimeout(20_000);
    while (true) {
      Socket socket = replica.accept();
      if (socket.getInputStream().read() == 'P') {
        return socket;
      }
      socket.close();
    }
  }

  /** The text at once, then a byte now and then until the gateway has enough. */
  private static String drip(RunningGateway gateway, String text) throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(50);
      OutputStream out = client.getOutputStream();
      out.write(text.getBytes(US_ASCII));
      StringBuilder answer = new StringBuilder();
      InputStream in = client.getInputStream();
      while (true) {
        try {
          int read = in.read();
          if (read < 0) {
            return answer.toString();
          }
          answer.append((char) read);
        } catch (SocketTimeoutException nothingYet) {
          out.write('x');
        } catch (IOException reset) {
          return answer.toString();
        }
      }
    }
  }

  private static String whole(RunningGateway gateway, String request) throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.getOutputStream().write(request.getBytes(US_ASCII));
      return new String(client.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  /** 128 MB do not fit the buffers between the replica and a client that reads nothing. */
  private static void unreadAnswerIsCutOff(RunningGateway gateway) throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client
          .getOutputStream()
          .write("GET /v2/models/large/config HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII));
      awaitNothingAdmitted(gateway);
      long got = client.getInputStream().transferTo(OutputStream.nullOutputStream());
      assertThat(got).isLessThan(2000L * 64 * 1024);
    } catch (IOException reset) {
      assertThat(reset).hasMessageContaining("reset");
    }
  }

  private static void awaitNothingAdmitted(RunningGateway gateway) {
    ConcurrencyLimiter limiter = gateway.bean(ConcurrencyLimiter.class);
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> limiter.admitted() == 1);
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> limiter.admitted() == 0);
  }
}
