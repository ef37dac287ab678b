package io.onnxfleet.benchmarks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;

/**
 * What an attacker would register in a replica's place: it refuses each request with 503, so that
 * calls go on elsewhere, and remembers what it was sent.
 */
final class FalseReplica implements AutoCloseable {

  /** A request that it got. */
  record Received(String line, Map<String, String> headers) {}

  /** Ends what was started. */
  private interface End {
    void end() throws IOException;
  }

  private final List<Received> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private int port;
  private End end = () -> {};

  private FalseReplica() {}

  /** In plain text, at that address. */
  static FalseReplica plain(String address) throws IOException {
    FalseReplica replica = new FalseReplica();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), 0), 0);
    server.createContext("/", replica::refuse);
    server.start();
    replica.port = server.getAddress().getPort();
    replica.end = () -> server.stop(0);
    return replica;
  }

  private void refuse(HttpExchange exchange) throws IOException {
    try (exchange) {
      connections.incrementAndGet();
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> headers.put(name, String.join(", ", values)));
      exchange.getRequestBody().readAllBytes();
      requests.add(
          new Received(exchange.getRequestMethod() + " " + exchange.getRequestURI(), headers));
      exchange.sendResponseHeaders(503, -1);
    }
  }

  /** By TLS on loopback, with the certificate in that folder; it asks its clients for none. */
  static FalseReplica withCertificate(Path own) throws IOException, GeneralSecurityException {
    FalseReplica replica = new FalseReplica();
    ServerSocket listening =
        TestCertificates.context(own, own)
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread accepting =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!listening.isClosed()) {
                    try {
                      Socket accepted = listening.accept();
                      Thread.ofVirtual().start(() -> replica.read((SSLSocket) accepted));
                    } catch (IOException closed) {
                      return;
                    }
                  }
                });
    replica.port = listening.getLocalPort();
    replica.end =
        () -> {
          listening.close();
          accepting.interrupt();
        };
    return replica;
  }

  /** Whatever arrives after the handshake is a request. */
  private void read(SSLSocket socket) {
    connections.incrementAndGet();
    try (socket) {
      byte[] first = new byte[1024];
      int read = socket.getInputStream().read(first);
      if (read > 0) {
        requests.add(
            new Received(new String(first, 0, read, StandardCharsets.ISO_8859_1), Map.of()));
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException refused) {
      // The other side did not like the certificate.
    }
  }

  int port() {
    return port;
  }

  /** Those that it got, and not only was connected to for. */
  List<Received> requests() {
    return List.copyOf(requests);
  }

  int connections() {
    return connections.get();
  }

  /** As Eureka takes it: a replica that has the model READY. */
  static String registration(String host, int port, boolean secure, String model) {
    return """
        {"instance": {"instanceId": "false:%1$s:%2$d", "app": "INFERENCE-SERVICE", "hostName": "%1$s",
          "ipAddr": "%1$s", "vipAddress": "inference-service",
          "secureVipAddress": "inference-service", "status": "UP",
          "port": {"$": %2$d, "@enabled": "%3$s"}, "securePort": {"$": %2$d, "@enabled": "%4$s"},
          "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
          "metadata": {"models-ready": "%5$s:1", "models-known": "%5$s"},
          "leaseInfo": {"renewalIntervalInSecs": 600, "durationInSecs": 1800}}}
        """
        .formatted(host, port, !secure, secure, model);
  }

  @Override
  public void close() throws IOException {
    end.end();
  }
}
