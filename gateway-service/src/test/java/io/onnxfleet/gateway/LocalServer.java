package io.onnxfleet.gateway;

import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/**
 * What servers of tests are made of. They run on event loops of their own: a gateway that closes
 * ends those that Reactor Netty shares in the process, and with them servers that are still to be
 * closed.
 */
final class LocalServer {
  /** Of daemons, never disposed of. */
  private static final LoopResources LOOPS = LoopResources.create("servers-of-tests", 2, true);

  private LocalServer() {}

  /** On any port of the loopback address. */
  static HttpServer onAnyPort() {
    return HttpServer.create().runOn(LOOPS).host("127.0.0.1").port(0);
  }
}
