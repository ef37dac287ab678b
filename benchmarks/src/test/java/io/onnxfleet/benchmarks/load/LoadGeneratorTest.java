package io.onnxfleet.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.onnxfleet.benchmarks.load.Load.Arrival;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against the JDK's HTTP server, which sends bodies with a length, or in chunks. */
class LoadGeneratorTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger requests = new AtomicInteger();
  private final Set<String> bodies = ConcurrentHashMap.newKeySet();
  private final Set<Integer> clientPorts = ConcurrentHashMap.newKeySet();
  private HttpServer server;
  private Target target;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(executor);
    server.start();
    target = new Target("127.0.0.1", server.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    server.stop(0);
    executor.close();
  }

  @Test
  void closedLoop_keepsItsConnections_andSendsTheRequestsInTurn() throws Exception {
    server.createContext("/a", exchange -> answer(exchange, 200, "x".repeat(100_000), true));
    server.createContext("/b", exchange -> answer(exchange, 200, "x".repeat(100_000), false));

    try (LoadGenerator generator =
        generator(new Load.Closed(4), List.of(request("/a", "first"), request("/b", "second")))) {
      generator.start();
      await().until(() -> requests.get() > 200);
      Window window = generator.window();

      assertThat(window.failures()).isEmpty();
      assertThat(generator.firstFailure()).isNull();
      assertThat(window.succeeded()).isGreaterThan(150);
      assertThat(bodies).containsExactlyInAnyOrder("first", "second");
      assertThat(clientPorts).hasSize(4);
      assertThat(generator.served()).hasSize(4);
      assertThat(Arrays.stream(generator.served()).min().orElseThrow()).isPositive();
    }
  }

  @Test
  void closedLoop_countsFailuresByStatus_andGoesOn() throws Exception {
    server.createContext(
        "/",
        exchange -> answer(exchange, requests.get() % 2 == 0 ? 200 : 429, "queue is full", true));

    try (LoadGenerator generator = generator(new Load.Closed(1), List.of(request("/", "x")))) {
      generator.start();
      await().until(() -> requests.get() >= 100);
      LoadGenerator.Rest rest = generator.stop();
      Window window = generator.window();

      assertThat(rest.underWay()).isLessThanOrEqualTo(1);
      assertThat(window.failures()).containsOnlyKeys("429");
      assertThat(Math.abs(window.failed() - window.succeeded())).isLessThanOrEqualTo(1);
      assertThat(generator.firstFailure()).isEqualTo("status 429: queue is full");
      assertThat(window.due()).isEqualTo(window.succeeded() + window.failed() + rest.underWay());
      assertThat(generator.window().due()).as("counted once").isZero();
    }
  }

  @Test
  void closedLoop_opensConnectionsAgain_whenTheServerClosesThem() throws Exception {
    server.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("Connection", "close");
          answer(exchange, 200, "bye", true);
        });

    try (LoadGenerator generator = generator(new Load.Closed(2), List.of(request("/", "x")))) {
      generator.start();
      await().until(() -> clientPorts.size() >= 6);

      assertThat(generator.window().failures()).isEmpty();
    }
  }

  @Test
  void window_countsATimeout_whenNoAnswerComes() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    server.createContext(
        "/",
        exchange -> {
          if (requests.get() > 0) {
            awaitQuietly(released);
          }
          answer(exchange, 200, "late", true);
        });

    try (LoadGenerator generator =
        new LoadGenerator(
            target,
            List.of(request("/", "x")),
            new Load.Closed(1),
            Duration.ofMillis(200),
            System::nanoTime,
            1)) {
      generator.start();
      List<Window> windows = new ArrayList<>();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).failures().containsKey("no answer in time");
              });
      assertThat(generator.firstFailure()).isEqualTo("no answer in time: after 200 ms");
    } finally {
      released.countDown();
    }
  }

  @Test
  void openLoop_countsFromWhenRequestsWereDue_whenTheServerHoldsThemUp() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    server.createContext(
        "/",
        exchange -> {
          if (requests.get() > 0) {
            awaitQuietly(released);
          }
          answer(exchange, 200, "ok", true);
        });

    try (LoadGenerator generator =
        generator(new Load.Open(500, Arrival.CONSTANT, 2), List.of(request("/", "x")))) {
      generator.start();
      long held = System.nanoTime();
      List<Window> windows = new ArrayList<>();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).due() > 100;
              });
      long until = System.nanoTime();
      released.countDown();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).succeeded() > 100;
              });

      Window all = Window.join(windows);
      assertThat(all.failures()).isEmpty();
      assertThat(clientPorts).as("the most connections allowed").hasSizeLessThanOrEqualTo(2);
      assertThat(all.millis(100))
          .as("those that waited in the client count too")
          .isGreaterThan((until - held) / 1e6 * 0.9);
      assertThat(all.latencies().getCountBetweenValues(50_000_000, Long.MAX_VALUE / 2))
          .as("not the two on the connections alone")
          .isGreaterThan(10);
    }
  }

  @Test
  void openLoop_tellsWhatItCouldNotSend_whenItEnds() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    server.createContext(
        "/",
        exchange -> {
          if (requests.get() > 0) {
            awaitQuietly(released);
          }
          answer(exchange, 200, "ok", true);
        });

    try (LoadGenerator generator =
        generator(new Load.Open(500, Arrival.POISSON, 3), List.of(request("/", "x")))) {
      generator.start();
      List<Window> windows = new ArrayList<>();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).due() > 50;
              });
      LoadGenerator.Rest rest = generator.stop();

      assertThat(rest.underWay()).isEqualTo(3);
      assertThat(rest.unsent()).isGreaterThan(40);
    } finally {
      released.countDown();
    }
  }

  @Test
  void openLoop_countsRefusals_whenTheServerIsGone() throws Exception {
    server.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("Connection", "close");
          answer(exchange, 200, "bye", true);
        });
    try (LoadGenerator generator =
        generator(new Load.Open(200, Arrival.CONSTANT, 8), List.of(request("/", "x")))) {
      generator.start();
      server.stop(0);
      List<Window> windows = new ArrayList<>();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).failures().getOrDefault("no connection", 0L) > 10;
              });
    }
  }

  @Test
  void start_fails_whenNobodyListens() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Target nobody = new Target("127.0.0.1", port);

    try (LoadGenerator generator =
        new LoadGenerator(
            nobody,
            List.of(PreparedRequest.post(nobody, "/", Map.of(), new byte[1])),
            new Load.Closed(2),
            TIMEOUT,
            System::nanoTime,
            1)) {
      assertThatThrownBy(generator::start)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1:" + port);
    }
  }

  @Test
  void noOpServer_answersEveryRequest() throws Exception {
    try (NoOpServer noOp = new NoOpServer(70_000);
        LoadGenerator generator =
            new LoadGenerator(
                noOp.target(),
                List.of(PreparedRequest.post(noOp.target(), "/", Map.of(), new byte[1_000])),
                new Load.Closed(8),
                TIMEOUT,
                System::nanoTime,
                1)) {
      generator.start();
      List<Window> windows = new ArrayList<>();
      await()
          .until(
              () -> {
                windows.add(generator.window());
                return Window.join(windows).succeeded() > 1_000;
              });
      assertThat(Window.join(windows).failures()).isEmpty();
    }
  }

  private LoadGenerator generator(Load load, List<PreparedRequest> prepared) {
    return new LoadGenerator(target, prepared, load, TIMEOUT, System::nanoTime, 1);
  }

  private PreparedRequest request(String path, String body) {
    return PreparedRequest.post(target, path, Map.of("X-Any", "1"), body.getBytes(UTF_8));
  }

  private void answer(HttpExchange exchange, int status, String body, boolean tellsLength)
      throws IOException {
    bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
    clientPorts.add(exchange.getRemoteAddress().getPort());
    requests.incrementAndGet();
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, tellsLength ? bytes.length : 0);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      var _ = latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
