package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.onnxfleet.benchmarks.client.FleetClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Runs the demonstration against a gateway of its own making, over HTTP. */
class DemoTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger embeddings = new AtomicInteger();
  private final AtomicInteger refuseFrom = new AtomicInteger(Integer.MAX_VALUE);
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.createContext("/v1/embeddings", this::embed);
    server.createContext("/v2/models/all-minilm-l6-v2/stats", this::statistics);
    server.setExecutor(executor);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    executor.close();
  }

  @Test
  void run_printsSimilarityThroughputAndBatchSize() throws IOException {
    String output = runDemo();

    assertThat(output).contains("1  The parcel arrived two days late.");
    assertThat(output).contains("600 requests").contains("requests/s").contains("latency p99");
    assertThat(output).containsPattern("mean batch size +4\\.00 rows");
    assertThat(embeddings).hasValue(6 + 600);
  }

  @Test
  void run_failsWithTheCountAndTheStatus_whenRequestsFail() {
    refuseFrom.set(500);

    assertThatThrownBy(this::runDemo)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("of 600 requests failed")
        .hasMessageContaining("status 503 (expected: 200) no replica");
  }

  private String runDemo() throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    URI gateway = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    try (FleetClient client = new FleetClient(gateway)) {
      new Demo(client, System::nanoTime, new PrintStream(output, true, UTF_8)).run();
    }
    return output.toString(UTF_8);
  }

  private void embed(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode data = answer.putArray("data");
    for (JsonNode text : request.path("input")) {
      int count = embeddings.incrementAndGet();
      if (count > refuseFrom.get()) {
        send(exchange, 503, "no replica");
        return;
      }
      data.addObject().putArray("embedding").add(text.asString().length()).add(1).add(2);
    }
    send(exchange, 200, answer.toString());
  }

  private void statistics(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    send(
        exchange,
        200,
        """
        {"model_stats": [{"batch_stats": [
          {"batch_size": 1, "compute_infer": {"count": 7}},
          {"batch_size": 4, "compute_infer": {"count": %d}}]}]}
        """
            .formatted(embeddings.get()));
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
