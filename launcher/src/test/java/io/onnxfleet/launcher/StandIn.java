package io.onnxfleet.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Stands in for any service, by the paths that it has: ready at once, unless {@code
 * -Dstandin.ready=no}, and as a gateway knows as many replicas as were started.
 */
final class StandIn {
  private StandIn() {}

  public static void main(String[] arguments) throws IOException {
    int port = 0;
    for (String argument : arguments) {
      if (argument.startsWith("--server.port=")) {
        port = Integer.parseInt(argument.substring(argument.indexOf('=') + 1));
      }
    }
    int status = "no".equals(System.getProperty("standin.ready")) ? 503 : 200;
    Path run =
        Path.of(System.getProperty("onnxfleet.process", "")).toAbsolutePath().resolveSibling(".");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body =
              "fleet_gateway_replicas{state=\"registered\"} %d.0\n"
                  .formatted(replicas(run))
                  .getBytes(UTF_8);
          exchange.sendResponseHeaders(
              knows(exchange.getRequestURI().getPath()) ? status : 404, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    System.out.println("the stand-in listens");
  }

  /** A job service answers other paths than the others. */
  private static boolean knows(String path) {
    return !System.getProperty("onnxfleet.process", "").endsWith("job-service")
        || path.equals("/readyz");
  }

  private static long replicas(Path run) {
    try (Stream<Path> files = Files.list(run)) {
      return files.filter(file -> file.getFileName().toString().startsWith("replica-")).count();
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }
}
