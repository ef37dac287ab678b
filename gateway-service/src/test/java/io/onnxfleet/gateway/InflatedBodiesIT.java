package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Small requests that become large when they are decompressed. */
class InflatedBodiesIT {

  private static final int MEGABYTE = 1024 * 1024;

  @Test
  void name_thatIsLong_is400_beforeItIsBuilt() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      for (String key : List.of("{\"model\":\"", "{\"", "{\"x\":1")) {
        HttpResponse<String> answer = gateway.send(gzip(gateway, key, 62 * MEGABYTE, "\"}"));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("1024");
      }
      assertThat(one.received()).isEmpty();
    }
  }

  /** Twenty such requests once kept everybody else waiting for three seconds. */
  @Test
  void giants_keepNobodyWaiting_andAreFewAtATime() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway("fleet.gateway.admission.inflated-bodies=130MB");
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      assertThat(gateway.post("/v1/embeddings", "{\"model\":\"a\"}").statusCode()).isEqualTo(200);
      List<CompletableFuture<HttpResponse<String>>> giants = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        giants.add(
            gateway.sendLater(
                gzip(gateway, "{\"input\":\"", 60 * MEGABYTE, "\",\"model\":\"a\"}")));
      }
      long begin = System.nanoTime();
      long longest = 0;
      int asked = 0;
      while (giants.stream().anyMatch(giant -> !giant.isDone())) {
        long start = System.nanoTime();
        assertThat(gateway.post("/v1/embeddings", "{\"model\":\"a\"}").statusCode()).isEqualTo(200);
        assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
        longest = Math.max(longest, System.nanoTime() - start);
        asked++;
      }
      assertThat(asked).isGreaterThan(10);
      // On the event loop one call would wait for nearly all giants, however fast the machine is.
      assertThat(longest).isLessThan((System.nanoTime() - begin) / 2);
      List<Integer> statuses = new ArrayList<>();
      for (CompletableFuture<HttpResponse<String>> giant : giants) {
        HttpResponse<String> answer = giant.get(30, TimeUnit.SECONDS);
        statuses.add(answer.statusCode());
        if (answer.statusCode() == 429) {
          assertThat(answer.headers().firstValue("Retry-After")).isPresent();
          assertThat(answer.body()).contains("rate_limit_error");
        }
      }
      assertThat(statuses).containsOnly(200, 429).contains(200, 429);
    }
  }

  @Test
  void body_aboveTheLimit_is413() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.admission.max-body-size=2MB");
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      HttpResponse<String> answer =
          gateway.send(gzip(gateway, "{\"input\":\"", 3 * MEGABYTE, "\",\"model\":\"a\"}"));
      assertThat(answer.statusCode()).isEqualTo(413);
      assertThat(one.received()).isEmpty();
    }
  }

  /** What the first replica inflated and found too much, the next one would inflate as well. */
  @Test
  void giant_thatAReplicaRefused_goesToNoOther() throws Exception {
    FakeReplica.Answer full =
        (request, body, response) -> response.status(429).send().then(Mono.empty());
    for (boolean isGiant : new boolean[] {false, true}) {
      try (RunningGateway gateway = new RunningGateway();
          FakeReplica one = new FakeReplica("one", full);
          FakeReplica two = new FakeReplica("two", full)) {
        gateway.vouchFor("a:1", 1, 1_000_000);
        gateway.register(one, "a:1");
        gateway.register(two, "a:1");
        HttpResponse<String> answer =
            isGiant
                ? gateway.send(gzip(gateway, "{\"model\":\"a\",\"id\":\"", 60 * MEGABYTE, "\"}"))
                : gateway.post("/v2/models/a/infer", "{}");
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(one.received().size() + two.received().size()).isEqualTo(isGiant ? 1 : 2);
      }
    }
  }

  /** More than is kept for a further replica goes in the pieces that came. */
  @Test
  void largeBody_arrivesAsItWasSent() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      String body = "{\"input\":\"" + "ab".repeat(2 * MEGABYTE) + "\",\"model\":\"a\"}";
      assertThat(gateway.post("/v1/embeddings", body).statusCode()).isEqualTo(200);
      assertThat(new String(one.received().getLast().body(), UTF_8)).isEqualTo(body);
    }
  }

  private static java.net.http.HttpRequest.Builder gzip(
      RunningGateway gateway, String before, int letters, String after) throws IOException {
    return gateway
        .request("/v1/embeddings")
        .header("Content-Encoding", "gzip")
        .POST(BodyPublishers.ofByteArray(giant(before, letters, after)));
  }

  static byte[] giant(String before, int letters, String after) throws IOException {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(compressed)) {
      out.write(before.getBytes(UTF_8));
      byte[] piece = "1".repeat(64 * 1024).getBytes(UTF_8);
      for (int sent = 0; sent < letters; sent += piece.length) {
        out.write(piece);
      }
      out.write(after.getBytes(UTF_8));
    }
    return compressed.toByteArray();
  }
}
