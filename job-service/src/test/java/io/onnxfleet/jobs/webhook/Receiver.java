package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** An endpoint that keeps what it gets. Safe for use by many threads. */
public final class Receiver implements AutoCloseable {

  /**
   * What came.
   *
   * @param headers by their names in small letters
   * @param serverNames that TLS asked for
   */
  public record Received(
      String path, Map<String, String> headers, String body, List<String> serverNames) {}

  /** How it answers. */
  public interface Answers {
    void answer(HttpExchange exchange) throws Exception;
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private volatile Answers answers = exchange -> exchange.sendResponseHeaders(204, -1);

  /**
   * Listens.
   *
   * @param address of loopback
   * @param port 0 for any
   * @param tls null for none
   */
  public Receiver(String address, int port, @Nullable SSLContext tls) throws IOException {
    InetSocketAddress socket = new InetSocketAddress(InetAddress.ofLiteral(address), port);
    if (tls == null) {
      server = HttpServer.create(socket, 0);
    } else {
      HttpsServer secure = HttpsServer.create(socket, 0);
      secure.setHttpsConfigurator(new HttpsConfigurator(tls));
      server = secure;
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  public int port() {
    return server.getAddress().getPort();
  }

  /** Answers so from now on, instead of with 204. */
  public void answering(Answers how) {
    answers = how;
  }

  public List<Received> received() {
    return received;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Map<String, String> headers = new TreeMap<>();
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
      received.add(
          new Received(
              exchange.getRequestURI().toString(),
              headers,
              new String(exchange.getRequestBody().readAllBytes(), UTF_8),
              serverNames(exchange)));
      answers.answer(exchange);
    } catch (IOException broken) {
      throw broken;
    } catch (Exception failed) {
      throw new IOException(failed);
    }
  }

  private static List<String> serverNames(HttpExchange exchange) {
    if (exchange instanceof HttpsExchange secure
        && secure.getSSLSession() instanceof ExtendedSSLSession session) {
      return session.getRequestedServerNames().stream()
          .map(name -> new String(name.getEncoded(), US_ASCII))
          .toList();
    }
    return List.of();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
