package io.onnxfleet.jobs.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.onnxfleet.jobs.batch.Ending;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryProperties;

class GatewayLinesTest {
  private static final Duration PATIENCE = Duration.ofHours(1);
  private static final int MAX_TRIES = 2;

  /** What the gateway says at each try, and how long that takes. */
  private record Said(int status, Duration after, Map<String, String> headers) {}

  private final Queue<Said> script = new ArrayDeque<>();
  private final List<Duration> times = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();
  private volatile Instant now = Instant.ofEpochSecond(1_000_000);
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.getRequestBody().readAllBytes();
            Said said = Objects.requireNonNull(script.poll());
            now = now.plus(said.after());
            byte[] body = "{}".getBytes(UTF_8);
            said.headers().forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(said.status(), body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void says(int status, Duration after) {
    script.add(new Said(status, after, Map.of("Retry-After", "1")));
  }

  /** The status that is kept. */
  private int ask() throws Exception {
    return ((LineOutcome.Answered) ask(Map.of())).status();
  }

  private LineOutcome ask(Map<String, String> headers) throws Exception {
    GatewayLines lines =
        new GatewayLines(
            HttpClient.newHttpClient(),
            new GatewayAddress(
                new SimpleDiscoveryClient(new SimpleDiscoveryProperties()),
                "gateway",
                "http://127.0.0.1:" + server.getAddress().getPort(),
                new Random(1),
                () -> now),
            null,
            new GatewayLines.Terms(
                PATIENCE, Duration.ZERO, MAX_TRIES, Duration.ofSeconds(60), 1000),
            1,
            1 << 20,
            times::add,
            new Pauses((stopping, time) -> !pauses.add(time)),
            () -> now);
    List<LineOutcome> kept = new ArrayList<>();
    lines.ask(new AnyQuestion(headers), "id", new NoInterruption(), kept::add);
    return kept.getFirst();
  }

  private record AnyQuestion(Map<String, String> headers) implements GatewayLines.Question {
    @Override
    public String target() {
      return "/v1/embeddings";
    }

    @Override
    public String ownerStatement() {
      return "anybody";
    }

    @Override
    public BodyPublisher body() {
      return BodyPublishers.ofString("{}");
    }

    @Override
    public boolean wantsOneLine() {
      return true;
    }
  }

  private record NoInterruption() implements Interruption {
    @Override
    public @Nullable Ending ending() {
      return null;
    }

    @Override
    public void waits() {}

    @Override
    public void comes() {}
  }

  @Test
  void fleetThatCannotAnswerNow_isAskedAgain_howeverLongTheLineHadWaitedBefore() throws Exception {
    says(429, PATIENCE.multipliedBy(2));
    says(503, Duration.ZERO);
    says(200, PATIENCE);
    assertThat(ask()).isEqualTo(200);
  }

  /** One whose headers HTTP's client does not send: it would be tried for as long as it may. */
  @Test
  void requestThatCannotBeSent_isNotTriedAgain() throws Exception {
    assertThat(ask(Map.of("Accept", "a\nb")))
        .isInstanceOfSatisfying(
            LineOutcome.Unanswered.class,
            unanswered -> assertThat(unanswered.code()).isEqualTo("unusable_request"));
  }

  @Test
  void fleetThatCannotAnswerForLong_isNotAskedAgain() throws Exception {
    says(503, Duration.ZERO);
    says(503, PATIENCE.plusSeconds(1));
    assertThat(ask()).isEqualTo(503);
  }

  /**
   * At the lowest priority others go first until the deadline passes: it says nothing of a line.
   */
  @Test
  void lateAnswer_isNoFailedTry_howeverOftenItComes() throws Exception {
    for (int count = 0; count < MAX_TRIES; count++) {
      says(504, Duration.ofMinutes(1));
    }
    says(200, Duration.ofSeconds(3));
    assertThat(ask()).isEqualTo(200);
    assertThat(times).as("of what was answered").containsExactly(Duration.ofSeconds(3));
    says(504, Duration.ZERO);
    says(504, PATIENCE.plusSeconds(1));
    assertThat(ask()).isEqualTo(504);
  }

  /** The gateway sends it to nobody else, and says so without a time to come back. */
  @Test
  void requestUnderWayWhereAReplicaDied_isTriedAgain_aFewTimes() throws Exception {
    Said suspect = new Said(503, Duration.ZERO, Map.of("Inference-Suspect", "true"));
    script.add(suspect);
    says(200, Duration.ZERO);
    assertThat(ask()).isEqualTo(200);
    assertThat(pauses).as("for a process to come back").containsExactly(Duration.ofSeconds(15));
    script.addAll(Collections.nCopies(MAX_TRIES, suspect));
    assertThat(ask()).isEqualTo(503);
    script.add(new Said(503, Duration.ZERO, Map.of()));
    assertThat(ask()).as("a model that never will").isEqualTo(503);
  }

  @Test
  void failure_isTriedAgain_howeverOftenTheFleetCouldNotAnswerBefore() throws Exception {
    says(503, Duration.ZERO);
    says(503, Duration.ZERO);
    says(500, Duration.ZERO);
    says(200, Duration.ZERO);
    assertThat(ask()).isEqualTo(200);
    says(500, Duration.ZERO);
    says(500, Duration.ZERO);
    assertThat(ask()).isEqualTo(500);
  }
}
