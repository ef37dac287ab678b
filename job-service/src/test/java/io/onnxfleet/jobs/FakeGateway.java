package io.onnxfleet.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What answers lines in the place of a gateway. Counts them. Safe for use by many threads. */
public final class FakeGateway implements AutoCloseable {

  /** An answer. */
  record Said(int status, String body, String header, String value) {
    static Said of(int status, String body) {
      return new Said(status, body, "X-Request-Id", "request-of-the-gateway");
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger asked = new AtomicInteger();
  private final List<String> owners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean halts = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile Function<JsonNode, Said> answers = FakeGateway::echo;
  private volatile @Nullable HttpHandler asItIs;

  public FakeGateway() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** No answer: the connection breaks. */
  static final Said BREAK = Said.of(0, "");

  static Said echo(JsonNode body) {
    return Said.of(200, "{\"echo\":\n" + body + "}");
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Answers so from now on. */
  void answering(Function<JsonNode, Said> how) {
    answers = how;
  }

  /** Leaves it to somebody who may read and write anything. */
  void answeringAsItIs(HttpHandler how) {
    asItIs = how;
  }

  /** Begins the next answer, and never ends it. */
  void haltOnce() {
    halts.set(true);
  }

  /** Lines that were asked, again or not. */
  int asked() {
    return asked.get();
  }

  /** What the last requests said of their owners. */
  List<String> owners() {
    return owners;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      HttpHandler other = asItIs;
      if (other != null) {
        asked.incrementAndGet();
        other.handle(exchange);
        return;
      }
      JsonNode body = JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes());
      asked.incrementAndGet();
      String owner = exchange.getRequestHeaders().getFirst("Inference-Owner");
      if (owner != null) {
        owners.add(owner);
      }
      if (halts.getAndSet(false)) {
        exchange.sendResponseHeaders(200, 1000);
        exchange.getResponseBody().write('{');
        exchange.getResponseBody().flush();
        closed.await();
        return;
      }
      Said said = answers.apply(body);
      if (said.equals(BREAK)) {
        return;
      }
      byte[] bytes = said.body().getBytes(UTF_8);
      exchange.getResponseHeaders().set(said.header(), said.value());
      exchange.sendResponseHeaders(said.status(), bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
