package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/** Says to a gateway what no client library would, and gives back all that it hears. */
final class RawClient {

  private RawClient() {}

  /** Sends at once, reads to the end. */
  static String exchange(RunningGateway gateway, String... requests) throws IOException {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(20_000);
      for (String request : requests) {
        client.getOutputStream().write(request.getBytes(ISO_8859_1));
        client.getOutputStream().flush();
      }
      return new String(client.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }
}
