package io.onnxfleet.inference.protocol.connection;

import org.apache.catalina.core.StandardHost;
import org.apache.coyote.ContinueResponseTiming;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Puts the protocols, threads and valves of connections into the server, before any valve that
 * wants to know the {@link ClientConnection}.
 *
 * <p>Each request is served by a virtual thread from its first byte to its last, so that waiting
 * for a batch, or for a slow client, holds no thread of the container.
 */
@Order(Ordered.LOWEST_PRECEDENCE - 1)
final class WatchedConnections
    implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  private final ConnectionWatch watch;

  WatchedConnections(ConnectionWatch watch) {
    this.watch = watch;
  }

  @Override
  public void customize(TomcatServletWebServerFactory factory) {
    factory.setProtocol(WatchedHttp11Protocol.class.getName());
    factory.addProtocolHandlerCustomizers(
        handler -> {
          handler.setExecutor(new VirtualThreadExecutor("http-"));
          if (handler instanceof AbstractHttp11Protocol<?> http) {
            // A client that waits for 100 is not told to send what is refused anyway.
            http.setContinueResponseTiming(ContinueResponseTiming.ON_REQUEST_BODY_READ.toString());
          }
        });
    factory.addConnectorCustomizers(
        connector -> connector.addUpgradeProtocol(new ClearTextHttp2()));
    factory.addEngineValves(new ConnectionValve(watch));
    factory.addContextCustomizers(
        context -> {
          if (context.getParent() instanceof StandardHost host) {
            host.setErrorReportValveClass(PlainErrorValve.class.getName());
          }
        });
  }
}
