package io.onnxfleet.inference.protocol.connection;

import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.inference.protocol.error.ErrorResponses;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;

/**
 * Answers what Tomcat refuses before any handler sees it, a malformed request line say, as JSON
 * rather than as a page, with the reason. Tomcat makes it by its name.
 */
public final class PlainErrorValve extends ErrorReportValve {
  private static final Logger log = LoggerFactory.getLogger(PlainErrorValve.class);

  @Override
  protected void report(Request request, Response response, @Nullable Throwable failure) {
    write(request, response);
  }

  /** Writes the answer, if there is an error and nothing was written yet. */
  public static void write(Request request, Response response) {
    int status = response.getStatus();
    if (status < HttpServletResponse.SC_BAD_REQUEST
        || response.getContentWritten() > 0
        || !response.setErrorReported()) {
      return;
    }
    byte[] body =
        ErrorBody.of(
                Objects.requireNonNullElse(request.getRequestURI(), ""),
                ErrorResponses.codeOf(status),
                ContainerRefusal.of(request, status))
            .write();
    try {
      response.setSuspended(false);
      response.setContentType(MediaType.APPLICATION_JSON_VALUE);
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
      response.finishResponse();
    } catch (IOException clientIsGone) {
      log.debug("an error could not be reported", clientIsGone);
    }
  }
}
