package io.onnxfleet.inference.protocol.connection;

import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Leaves the {@link ClientConnection} in each request, where handlers find it, and lets a refusal
 * reach its client.
 */
final class ConnectionValve extends ValveBase {
  private final ConnectionWatch watch;

  ConnectionValve(ConnectionWatch watch) {
    super(true);
    this.watch = watch;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    request.setAttribute(
        ClientConnection.ATTRIBUTE, new ClientConnection(request.getCoyoteRequest(), watch));
    getNext().invoke(request, response);
    if (!request.isAsyncStarted()) {
      UnreadBody.drain(request, response);
    }
  }
}
