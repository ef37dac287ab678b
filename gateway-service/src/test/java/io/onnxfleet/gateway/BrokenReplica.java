package io.onnxfleet.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * A replica on a bare socket that breaks every connection once it has read as much as a test wants,
 * after saying what the test wants, if anything.
 */
final class BrokenReplica implements AutoCloseable {

  private final ServerSocket server;
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger inferences = new AtomicInteger();
  private final CountDownLatch closedByGateway = new CountDownLatch(1);

  /**
   * @param enough tells from everything read so far whether to break the connection
   * @param lastWords what is sent before that
   */
  BrokenReplica(Predicate<String> enough, String lastWords) throws IOException {
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(() -> accept(enough, lastWords));
  }

  /** Breaks the connection in the middle of a request. */
  static BrokenReplica resetting() throws IOException {
    return new BrokenReplica(read -> read.contains("\r\n\r\n"), "");
  }

  /** Reads for ever and never answers. */
  static BrokenReplica silent() throws IOException {
    return new BrokenReplica(read -> false, "");
  }

  private void accept(Predicate<String> enough, String lastWords) {
    while (!server.isClosed()) {
      try {
        Socket connection = server.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(connection, enough, lastWords));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket connection, Predicate<String> enough, String lastWords) {
    StringBuilder read = new StringBuilder();
    byte[] buffer = new byte[4096];
    try (connection) {
      InputStream in = connection.getInputStream();
      while (!enough.test(read.toString())) {
        int count = in.read(buffer);
        if (count < 0) {
          closedByGateway.countDown();
          return;
        }
        if (read.isEmpty() && buffer[0] == 'P') {
          inferences.incrementAndGet();
        }
        read.append(new String(buffer, 0, count, StandardCharsets.ISO_8859_1));
      }
      connection.getOutputStream().write(lastWords.getBytes(StandardCharsets.ISO_8859_1));
      connection.getOutputStream().flush();
      if (lastWords.isEmpty()) {
        // Close with RST.
        connection.setSoLinger(true, 0);
      }
    } catch (IOException broken) {
      closedByGateway.countDown();
    }
  }

  int port() {
    return server.getLocalPort();
  }

  int connections() {
    return connections.get();
  }

  /** Connections whose first request is a POST: probes of the load are none. */
  int inferences() {
    return inferences.get();
  }

  /** Opens when the gateway has given up a connection to this replica. */
  CountDownLatch closedByGateway() {
    return closedByGateway;
  }

  /** A port of loopback that nobody listens on. */
  static int refusingPort() {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
