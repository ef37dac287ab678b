package io.onnxfleet.inference.protocol;

import io.onnxfleet.inference.protocol.connection.PlainErrorValve;
import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;

/**
 * Serves direct requests before all filters, as long as {@link ShortPath} knows every one of them.
 * What the container has refused goes on, and so does everything else.
 */
final class DirectValve extends ValveBase {
  private final ShortPath path;
  private final DirectRequests requests;

  DirectValve(ShortPath path, DirectRequests requests) {
    super(true);
    this.path = path;
    this.requests = requests;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    boolean direct =
        !response.isErrorReportRequired() && path.leads() == ShortPath.Way.BEFORE_FILTERS;
    if (!direct || !serve(request, response)) {
      getNext().invoke(request, response);
    }
  }

  private boolean serve(Request request, Response response) throws IOException {
    try {
      return requests.serve(request, response);
    } catch (IOException broken) {
      // Tomcat has noted what is wrong with the body, if it is that.
      if (!response.isErrorReportRequired()) {
        throw broken;
      }
      PlainErrorValve.write(request, response);
      return true;
    } catch (RuntimeException | Error defect) {
      if (response.isCommitted()) {
        // The container would end the answer as if it were whole.
        response.getCoyoteResponse().action(ActionCode.CLOSE_NOW, defect);
      }
      throw defect;
    }
  }
}
